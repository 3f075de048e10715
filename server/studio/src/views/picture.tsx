// One picture: large, with what made it, what it was made from, and what can be done with it.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { Button, Icon } from "../icons";
import { back, go, notes, opened, picking, pixels, place, refresh, reload, reopen, say, server, trying, words } from "../state";
import { money, t, when } from "../words";
import { Card } from "./gallery";

export function Picture() {
  const found = opened.value;
  return (
    <>
      <header class="bar">
        <Button icon="back" label={t("back")} act={back} hint="Esc" />
        <span class="grow title" dir="auto">{found?.image.prompt}</span>
        {found && found.image.kind !== "mask" && found.image.format !== "svg" ? (
          <button class="main" type="button" onClick={() => go({ view: "paint", id: found.image.id })}>
            <Icon name="brush" /> {t("paint")}
          </button>
        ) : null}
      </header>
      <main class="picture">
        <Look />
        {found ? <Facts /> : <aside class="facts" />}
      </main>
    </>
  );
}

const placing = signal<{ x: number; y: number } | null>(null); // of a note that has no words yet
const pinning = signal(false);

function Look() {
  const [close, setClose] = useState(false);
  const look = pixels.value, row = opened.value?.image;
  useEffect(() => () => void ((pinning.value = false), (placing.value = null)), []);
  const clicked = (event: MouseEvent) => {
    const picture = (event.currentTarget as Element).querySelector("img");
    if (!pinning.value || !picture) return setClose(!close);
    const { left, top, width, height } = picture.getBoundingClientRect();
    const share = (at: number, from: number, whole: number) => Math.round(Math.min(1, Math.max(0, (at - from) / whole)) * 1000);
    // By a key it is clicked nowhere: the note goes to the middle.
    const somewhere = event.detail > 0;
    placing.value = somewhere ? { x: share(event.clientX, left, width), y: share(event.clientY, top, height) } : { x: 500, y: 500 };
  };
  const pins = notesOn();
  const shown = placing.value ? [...pins, { id: "new", ...placing.value }] : pins;
  return (
    <button
      type="button" class="look" data-close={close ? "" : undefined} data-pinning={pinning.value ? "" : undefined}
      aria-label={pinning.value ? t("pinWhere") : close ? t("fit") : t("zoomIn")} onClick={clicked}
    >
      {look ? (
        <span class="pinned" dir="ltr" style={`--w:${look.whole[0]}px;--ratio:${look.whole[0] / look.whole[1]}`}>
          <img src={look.url} alt={row?.prompt ?? ""} />
          {shown.map((one, at) => <span key={one.id} class="pin" data-n={at + 1} style={`left:${one.x! / 10}%;top:${one.y! / 10}%`} />)}
        </span>
      ) : <span class="loading" />}
    </button>
  );
}

const notesOn = () => opened.value?.annotations.filter((one) => one.kind === "pin" && one.x !== null && one.y !== null) ?? [];

/** The notes as the words of an edit, each with its place; the part can still be painted. */
function editBy(): void {
  words.value = notesOn()
    .map((one) => t("pinAt", { x: Math.round(one.x! / 10), y: Math.round(one.y! / 10), words: one.words.replace(/[.。۔]+$/, "") }))
    .join(" ");
  go({ view: "paint", id: opened.value!.image.id });
}

/** What the picture is called: a reference in every tool, and its place on the style board. */
function Names() {
  const { image } = opened.value!;
  const [text, setText] = useState("");
  const give = async (event: Event) => {
    event.preventDefault();
    const made = await trying(() => server.value.name(image.uri, text.trim()));
    if (!made) return;
    setText("");
    if (made.warnings.length) say(made.warnings.join(" "));
    await reopen();
    void trying(reload);
  };
  const take = async (name: string) => {
    if (await trying(() => server.value.unname(name))) await reopen();
    void trying(reload);
  };
  return (
    <section class="names">
      {image.names?.map((name) => (
        <span class="name" key={name}><bdi dir="ltr">{name}</bdi><Button icon="close" label={t("unname", { name })} act={() => void take(name)} /></span>
      ))}
      <form onSubmit={give}>
        <input dir="auto" value={text} maxLength={64} placeholder={t("nameIt")} aria-label={t("nameIt")} onInput={(event) => setText((event.target as HTMLInputElement).value)} />
        <button type="submit" disabled={!text.trim()}>{t("nameGo")}</button>
      </form>
    </section>
  );
}

/** The notes on a picture, and the words of a new one; the agent hears of each. */
function Pins() {
  const [text, setText] = useState("");
  const pins = notesOn(), at = placing.value, image = opened.value!.image.id;
  const keep = async (event: Event) => {
    event.preventDefault();
    const words = text.trim();
    if (!words || !(await trying(() => server.value.annotate({ image, kind: "pin", words, ...at })))) return;
    setText("");
    placing.value = null;
    pinning.value = false;
    await reopen();
  };
  const drop = async (id: string) => {
    if (await trying(() => server.value.unannotate(id))) await reopen();
  };
  return (
    <section class="pins">
      {pinning.value && !at ? <p class="note" role="status">{t("pinWhere")}</p> : null}
      {at ? (
        <form onSubmit={keep}>
          <input dir="auto" autofocus value={text} maxLength={500} placeholder={t("pinWords")} aria-label={t("pinWords")} onInput={(event) => setText((event.target as HTMLInputElement).value)} />
          <button class="main" type="submit" disabled={!text.trim()}>{t("pin")}</button>
        </form>
      ) : null}
      {pins.length ? <h2>{t("pins")}</h2> : null}
      {pins.length && opened.value!.image.format !== "svg" ? <button type="button" onClick={editBy}>{t("useNotes")}</button> : null}
      <ol>
        {pins.map((one, n) => (
          <li key={one.id}><span class="grow" dir="auto">{n + 1}. {one.words}</span><Button icon="close" label={t("removePin", { n: n + 1 })} act={() => void drop(one.id)} /></li>
        ))}
      </ol>
    </section>
  );
}

/** Writes the picture to a file of the workspace, as export_image does. */
function Export() {
  const { image } = opened.value!;
  const [name, setName] = useState(`picture.${image.format}`);
  const [size, setSize] = useState("");
  const [cut, setCut] = useState(false);
  const write = async (event: Event) => {
    event.preventDefault();
    const made = await trying(() => server.value.export({
      image: image.uri, save_to: [name.trim()],
      ...(size.trim() ? { exact_size: size.trim() } : {}), ...(cut ? { background: "transparent" } : {}),
    }));
    if (made) say([t("exported", { path: made.files.map((one) => one.path).join(", ") }), ...made.warnings].join(" "));
  };
  const typed = (set: (text: string) => void) => (event: Event) => set((event.target as HTMLInputElement).value);
  return (
    <details class="export">
      <summary>{t("export")}</summary>
      <form onSubmit={write}>
        <label>{t("fileName")}<input dir="ltr" value={name} onInput={typed(setName)} /></label>
        <label>{t("exactSize")}<input dir="ltr" value={size} onInput={typed(setSize)} /></label>
        <label class="check"><input type="checkbox" checked={cut} onChange={() => setCut(!cut)} /> {t("cutOut")}</label>
        <button class="main" type="submit" disabled={!name.trim()}>{t("exportGo")}</button>
      </form>
    </details>
  );
}

function Facts() {
  const { image, recipe, parents, children, siblings, cost_usd: cost, annotations } = opened.value!;
  const before = parents.find((one) => one.role === "edited from");
  const pick = annotations.find((one) => one.kind === "pick");
  const prompt = String(recipe.arguments?.prompt ?? image.prompt);
  return (
    <aside class="facts">
      <p class="prompt" dir="auto">{prompt}</p>
      <div class="acts">
        <Button icon="pick" label={pick ? t("unpick") : t("pick")} on={!!pick} act={() => void picking(image, pick?.id)} />
        {siblings.length ? <Button icon="choose" label={t("choose")} act={() => go({ view: "choose", id: image.id })} /> : null}
        {image.kind === "mask" ? null : <Button icon="pin" label={t("pin")} on={pinning.value} act={() => ((pinning.value = !pinning.value), (placing.value = null))} />}
        {before ? <Button icon="compare" label={t("compare")} act={() => go({ view: "compare", id: image.id })} /> : null}
        <Button icon="copy" label={t("copy")} act={() => void copy(prompt)} />
        <Button icon="download" label={t("download")} act={() => void download()} />
        <Forget />
      </div>
      <dl>
        <dt>{t("size")}</dt><dd><bdi dir="ltr">{image.width} × {image.height}, {image.format}</bdi></dd>
        {image.model ? <><dt>{t("model")}</dt><dd>{image.model}</dd></> : null}
        <dt>{t("made")}</dt><dd>{when(image.created)}</dd>
        {cost === null ? null : <><dt>{t("cost")}</dt><dd>{cost ? money(cost) : t("free")}</dd></>}
      </dl>
      {notes.value?.image === image.id ? notes.value.lines.map((line) => <p class="note" key={line}>{line}</p>) : null}
      <Names />
      <Pins />
      {image.kind === "mask" || image.format === "svg" ? null : <Export />}
      <Family label={t("from")} rows={parents} />
      <Family label={t("into")} rows={children} />
    </aside>
  );
}

function Family({ label, rows }: { label: string; rows: NonNullable<typeof opened.value>["parents"] }) {
  if (!rows.length) return null;
  return (
    <section>
      <h2>{label}</h2>
      <ul class="family">{rows.map((one) => <Card key={one.id} row={one} />)}</ul>
    </section>
  );
}

function Forget() {
  const [asking, setAsking] = useState(false);
  const gone = async () => {
    if (await trying(() => server.value.forget([opened.value!.image.id]))) {
      say(t("forgotten"));
      back();
      void trying(refresh);
    }
  };
  if (!asking) return <Button icon="trash" label={t("forget")} act={() => setAsking(true)} />;
  return (
    <div class="sure" role="alertdialog" aria-label={t("forgetSure")}>
      <span>{t("forgetSure")}</span>
      <button type="button" class="danger" onClick={() => void gone()}>{t("forgetYes")}</button>
      <button type="button" autofocus onClick={() => setAsking(false)}>{t("cancel")}</button>
    </div>
  );
}

async function copy(text: string): Promise<void> {
  await trying(() => navigator.clipboard.writeText(text).then(() => say(t("copied"))));
}

async function download(): Promise<void> {
  const { image } = opened.value!;
  if (!place.value!.capabilities.downloadFile) return say(t("savedAt", { path: image.path }));
  const file = await trying(() => server.value.file(image.id));
  if (file) await trying(() => place.value!.save(file.name, file.mime, file.data));
}
