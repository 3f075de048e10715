// All pictures of one call, large and side by side; a key or a click picks one of them.
import { useEffect } from "preact/hooks";
import { Button } from "../icons";
import { back, go, opened, picking } from "../state";
import { t } from "../words";

export function Choose() {
  const found = opened.value;
  const siblings = found?.siblings ?? [];
  useEffect(() => {
    const keyed = (event: KeyboardEvent) => {
      const row = /^[1-9]$/.test(event.key) ? opened.value?.siblings[Number(event.key) - 1] : undefined;
      if (row) void picking(row, row.pick ?? undefined);
    };
    addEventListener("keydown", keyed);
    return () => removeEventListener("keydown", keyed);
  }, []);
  return (
    <>
      <header class="bar">
        <Button icon="back" label={t("back")} act={back} hint="Esc" />
        <span class="grow title" dir="auto">{found?.image.prompt}</span>
        <span class="note">{t("chooseHint")}</span>
      </header>
      <main class="choose">
        <ol>
          {siblings.map((one, at) => (
            <li key={one.id} data-picked={one.pick ? "" : undefined}>
              <button type="button" aria-label={`${at + 1}. ${one.prompt}`} onClick={() => go({ view: "picture", id: one.id })}>
                {one.thumb ? <img src={one.thumb} alt="" /> : null}
              </button>
              <span class="number">{at + 1}</span>
              <Button icon="pick" label={`${at + 1}: ${one.pick ? t("unpick") : t("pick")}`} on={!!one.pick} act={() => void picking(one, one.pick ?? undefined)} />
            </li>
          ))}
        </ol>
      </main>
    </>
  );
}
