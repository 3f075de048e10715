// Select a part of a picture, say what should change, see the price, send it.
import { useEffect } from "preact/hooks";
import { Button } from "../icons";
import { fit, Stage, view, zoom } from "../painter/stage";
import { brush, NAMES, tolerance, tool, TOOLS } from "../painter/tools";
import { back, doc, keepMask, opened, pixels, quote, say, sendEdit, sending, shape, steps, truth, words } from "../state";
import { cost, percent, t } from "../words";

export function Painter() {
  useEffect(() => {
    addEventListener("keydown", shortcut);
    return () => removeEventListener("keydown", shortcut);
  }, []);
  const look = pixels.value;
  return (
    <>
      <header class="bar">
        <Button icon="back" label={t("back")} act={back} hint="Esc" />
        <span class="grow title" dir="auto">{opened.value?.image.prompt}</span>
        <Button icon="undo" label={t("undo")} act={steps.undo} off={!doc.value.done.length} hint="Ctrl+Z" />
        <Button icon="redo" label={t("redo")} act={steps.redo} off={!doc.value.undone.length} hint="Ctrl+Y" />
        <span class="gap" />
        <Button icon="minus" label={t("zoomOut")} act={() => zoom(1 / 1.5)} hint="-" />
        <output class="zoom">{percent(view.value.scale)}</output>
        <Button icon="plus" label={t("zoomIn")} act={() => zoom(1.5)} hint="+" />
        <Button icon="fit" label={t("fit")} act={refit} hint="0" />
      </header>
      <main class="painter">
        <div class="tools" role="toolbar" aria-label={t("tools")}>
          {NAMES.map((one) => (
            <Button key={one} icon={TOOLS[one].icon} label={t(one)} hint={TOOLS[one].key} on={tool.value === one} act={() => (tool.value = one)} />
          ))}
        </div>
        {look && opened.value ? <Stage look={look} /> : <span class="loading" />}
        <Panel />
      </main>
      <Compose />
    </>
  );
}

function refit(): void {
  const stage = document.querySelector(".stage");
  if (stage && pixels.value) fit(stage, pixels.value.whole);
}

function Panel() {
  const { done } = doc.value, now = shape.value, found = truth.value;
  const tuned = tool.value === "wand"
    ? <Slider label={t("tolerance")} value={tolerance.value} most={255} set={(n) => (tolerance.value = n)} />
    : <Slider label={t("width")} value={brush.value} most={400} set={(n) => (brush.value = Math.max(1, n))} />;
  return (
    <aside class="panel">
      {tuned}
      <Slider label={t("grow")} value={now.grow} most={100} set={(grow) => (shape.value = { ...now, grow })} />
      <Slider label={t("feather")} value={now.feather} most={100} set={(feather) => (shape.value = { ...now, feather })} />
      <label class="check"><input type="checkbox" checked={now.invert} onChange={() => (shape.value = { ...now, invert: !now.invert })} /> {t("invert")}</label>
      <label class="check"><input type="checkbox" checked={now.fill_holes} onChange={() => (shape.value = { ...now, fill_holes: !now.fill_holes })} /> {t("holes")}</label>
      <p class="share" aria-live="polite">
        {!done.length ? t("nothingSelected") : found ? t("selected", { share: percent(found.share) }) : "…"}
      </p>
      {found?.notes.map((note) => <p class="note" key={note}>{note}</p>)}
      {done.length ? (
        <details class="steps">
          <summary>{t("steps")} ({done.length})</summary>
          <ol>
            {done.map((one, at) => (
              <li key={at}>
                <span class="grow">{one.op === "add" ? "+" : "−"} {t(one.kind === "polygon" ? "lasso" : one.kind === "color" ? "wand" : one.kind === "image" ? "mask" : one.kind)}</span>
                <Button icon="close" label={t("remove", { n: at + 1 })} act={() => steps.remove(at)} />
              </li>
            ))}
          </ol>
          <button type="button" onClick={steps.clear}>{t("clear")}</button>
          <button type="button" onClick={() => void keeping()}>{t("keep")}</button>
        </details>
      ) : null}
    </aside>
  );
}

async function keeping(): Promise<void> {
  if (await keepMask()) say(t("kept"));
}

function Slider({ label, value, most, set }: { label: string; value: number; most: number; set: (n: number) => void }) {
  const typed = (event: Event) => set(Math.min(most, Math.max(0, Number((event.target as HTMLInputElement).value) || 0)));
  return (
    <label class="slider">
      <span>{label}</span>
      <input type="number" min="0" max={most} value={value} aria-label={label} onChange={typed} />
      <input type="range" min="0" max={most} value={value} aria-label={label} onInput={typed} tabIndex={-1} />
    </label>
  );
}

function Compose() {
  const price = quote.value;
  const label = doc.value.done.length ? t("describe") : t("describeWhole");
  const submit = (event: Event) => {
    event.preventDefault();
    if (words.value.trim() && !sending.value) void sendEdit();
  };
  return (
    <form class="compose" onSubmit={submit}>
      <input class="words" dir="auto" placeholder={label} aria-label={label} value={words.value} onInput={(event) => (words.value = (event.target as HTMLInputElement).value)} />
      <output class="price">{price ? cost(price) : ""}</output>
      <button class="main" type="submit" disabled={!words.value.trim() || sending.value}>{sending.value ? t("sending") : t("send")}</button>
    </form>
  );
}

function shortcut(event: KeyboardEvent): void {
  if (event.target instanceof HTMLInputElement && event.target.type !== "range" && event.target.type !== "checkbox") return;
  const key = event.key.toLowerCase(), command = event.ctrlKey || event.metaKey;
  const named = NAMES.find((one) => TOOLS[one].key === key);
  if (command && key === "z") event.shiftKey ? steps.redo() : steps.undo();
  else if (command && key === "y") steps.redo();
  else if (command) return;
  else if (named) tool.value = named;
  else if (key === "[") brush.value = Math.max(1, Math.round(brush.value / 1.25));
  else if (key === "]") brush.value = Math.min(400, Math.round(brush.value * 1.25) + 1);
  else if (key === "+" || key === "=") zoom(1.25);
  else if (key === "-") zoom(1 / 1.25);
  else if (key === "0") refit();
  else return;
  event.preventDefault();
}
