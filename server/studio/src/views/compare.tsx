// Before and after, one over the other, with a slider between them.
import { useEffect, useState } from "preact/hooks";
import type { Pixels } from "../api";
import { Button } from "../icons";
import { back, opened, pixels, server, trying } from "../state";
import { t } from "../words";

export function Compare() {
  const [before, setBefore] = useState<Pixels | null>(null);
  const [share, setShare] = useState(50);
  const [map, setMap] = useState<{ url: string; words: string } | null>(null);
  const parent = opened.value?.parents.find((one) => one.role === "edited from");
  useEffect(() => {
    if (parent) void trying(() => server.value.pixels(parent.id)).then((found) => setBefore(found ?? null));
  }, [parent?.id]);
  const after = pixels.value;
  const mapped = async () => setMap(map ? null : ((await trying(() => server.value.compare(opened.value!.image.id))) ?? null));
  return (
    <>
      <header class="bar">
        <Button icon="back" label={t("back")} act={back} hint="Esc" />
        <span class="grow title">{t("compare")}</span>
        <button type="button" aria-pressed={!!map} onClick={() => void mapped()}>{t("changed")}</button>
      </header>
      <main class="compare">
        {map ? (
          <figure><img src={map.url} alt={t("changed")} /><figcaption dir="auto">{map.words}</figcaption></figure>
        ) : after && before ? (
          <div class="pair" dir="ltr" style={`--share:${share}%;--ratio:${after.width / after.height}`}>
            <img src={after.url} alt={t("after")} />
            <img class="over" src={before.url} alt={t("before")} />
            <span class="line" />
            <span class="tag start">{t("before")}</span>
            <span class="tag end">{t("after")}</span>
            <input
              type="range" min="0" max="100" step="1" value={share} aria-label={t("slider")}
              onInput={(event) => setShare(Number((event.target as HTMLInputElement).value))}
            />
          </div>
        ) : <span class="loading" />}
      </main>
    </>
  );
}
