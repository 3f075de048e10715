// Select a part of a picture, say what should change, see the price, send it.
import { useEffect } from "preact/hooks";
import type { Region } from "../document";
import { Button } from "../icons";
import { fit, pointed, Stage, view, zoom } from "../painter/stage";
import { brush, contiguous, NAMES, opacity, tolerance, tool, TOOLS } from "../painter/tools";
import { back, doc, keepMask, meet, opened, others, pixels, place, quote, say, seam, sendEdit, sending, shape, steps, truth, words } from "../state";
import { cost, percent, t } from "../words";

export function Painter() {
  useEffect(() => {
    addEventListener("keydown", shortcut);
    const meeting = setInterval(() => document.visibilityState === "visible" && void meet(pointed()).catch(() => undefined), place.value!.beat);
    return () => {
      removeEventListener("keydown", shortcut);
      clearInterval(meeting);
    };
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
  const { done, undone } = doc.value, now = shape.value, found = truth.value;
  const tuned = tool.value === "wand"
    ? <Slider label={t("tolerance")} value={tolerance.value} most={255} set={(n) => (tolerance.value = n)} />
    : <Slider label={t("width")} value={brush.value} most={400} set={(n) => (brush.value = Math.max(1, n))} />;
  return (
    <aside class="panel">
      <Finds />
      <Others />
      {tuned}
      {tool.value === "wand" ? (
        <label class="check"><input type="checkbox" checked={contiguous.value} onChange={() => (contiguous.value = !contiguous.value)} /> {t("contiguous")}</label>
      ) : null}
      <Slider label={t("grow")} value={now.grow} most={100} set={(grow) => (shape.value = { ...now, grow })} />
      <Slider label={t("feather")} value={now.feather} most={100} set={(feather) => (shape.value = { ...now, feather })} />
      <label class="check"><input type="checkbox" checked={now.invert} onChange={() => (shape.value = { ...now, invert: !now.invert })} /> {t("invert")}</label>
      <label class="check"><input type="checkbox" checked={now.fill_holes} onChange={() => (shape.value = { ...now, fill_holes: !now.fill_holes })} /> {t("holes")}</label>
      <Slider label={t("seam")} value={seam.value} most={64} set={(n) => (seam.value = n)} />
      <Slider label={t("overlay")} value={opacity.value} most={100} set={(n) => (opacity.value = n)} />
      {done.length + undone.length > 1 ? <Slider label={t("history")} value={done.length} most={done.length + undone.length} set={steps.upTo} /> : null}
      <p class="share" aria-live="polite">
        {!done.length ? t("nothingSelected") : found ? t("selected", { share: percent(found.share) }) : "…"}
      </p>
      {found?.box ? <p class="note">{t("box", { box: found.box.join(", ") })}</p> : null}
      {found?.notes.map((note) => <p class="note" key={note}>{note}</p>)}
      {done.length ? (
        <details class="steps">
          <summary>{t("steps")} ({done.length})</summary>
          <ol>
            {done.map((one, at) => <Step key={at} one={one} at={at} last={done.length - 1} />)}
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

const WORD = { color: "wand", image: "mask" } as const;
const FIELDS = ["x", "y", "width", "height"] as const;

/** One region of the list: what it is, what it does to those before it, its place and its numbers. */
function Step({ one, at, last }: { one: Region; at: number; last: number }) {
  const n = at + 1;
  const typed = (field: (typeof FIELDS)[number]) => (event: Event) => {
    const value = Number((event.target as HTMLInputElement).value);
    if (Number.isFinite(value)) steps.replace(at, { [field]: value });
  };
  return (
    <li>
      <select aria-label={t("stepOp", { n })} value={one.op} disabled={!at} onChange={(event) => steps.replace(at, { op: (event.target as HTMLSelectElement).value as Region["op"] })}>
        <option value="add">+ {t("adds")}</option>
        <option value="subtract">− {t("takes")}</option>
        <option value="intersect">∩ {t("keeps")}</option>
      </select>
      <span class="grow">{t(one.kind in WORD ? WORD[one.kind as keyof typeof WORD] : (one.kind as "rect"))}</span>
      <Button icon="up" label={t("earlier", { n })} off={!at} act={() => steps.move(at, -1)} />
      <Button icon="down" label={t("later", { n })} off={at === last} act={() => steps.move(at, 1)} />
      <Button icon="close" label={t("remove", { n })} act={() => steps.remove(at)} />
      {one.kind === "rect" || one.kind === "ellipse" ? (
        <div class="step-numbers">
          {FIELDS.map((field) => (
            <label key={field}>
              {field === "width" ? t("wide") : field === "height" ? t("tall") : field}
              <input type="number" value={one[field]} aria-label={`${n}: ${field}`} onChange={typed(field)} />
            </label>
          ))}
        </div>
      ) : null}
    </li>
  );
}

/** Who else paints here; what they marked can be had in one step each. */
function Others() {
  const theirs = others.value.flatMap((one) => one.regions);
  return !others.value.length ? null : (
    <p class="others" role="status">
      {t("others", { n: others.value.length })}{" "}
      {theirs.length ? <button type="button" onClick={() => theirs.forEach((one) => steps.add(one))}>{t("takeTheirs")}</button> : null}
    </p>
  );
}

/** What the server's eyes find at once, and masks that this picture has already. */
function Finds() {
  const add = (kind: "subject" | "face" | "text") => steps.add({ kind, op: "add" });
  const masks = opened.value?.children.filter((one) => one.kind === "mask") ?? [];
  return (
    <div class="finds" role="group" aria-label={t("find")}>
      <button type="button" onClick={() => add("subject")}>{t("subject")}</button>
      <button type="button" onClick={() => add("face")}>{t("face")}</button>
      <button type="button" onClick={() => add("text")}>{t("text")}</button>
      {masks.slice(0, 6).map((one, at) => (
        <button type="button" key={one.id} title={one.prompt} onClick={() => steps.add({ kind: "image", op: "add", image: one.uri })}>
          {t("mask")} {at + 1}
        </button>
      ))}
    </div>
  );
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
