// One picture: large, with what made it, what it was made from, and what can be done with it.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Version } from "../api";
import { Button, Icon } from "../icons";
import { notesOf, spanOf } from "../marks";
import { back, go, images, marked, notes, opened, picking, pixels, place, refresh, reload, reopen, say, server, trying, words } from "../state";
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

type Place = { x: number; y: number; points: [number, number][] };
const placing = signal<Place | null>(null); // of a note that has no words yet, in permille
const pinning = signal(false);

function Look() {
  const [close, setClose] = useState(false);
  const look = pixels.value, row = opened.value?.image;
  const line = useRef<[number, number][] | null>(null); // while it is drawn
  useEffect(() => () => void ((pinning.value = false), (placing.value = null)), []);
  const at = (event: MouseEvent): [number, number] => {
    const { left, top, width, height } = (event.currentTarget as Element).querySelector("img")!.getBoundingClientRect();
    const share = (n: number, from: number, whole: number) => Math.round(Math.min(1, Math.max(0, (n - from) / whole)) * 1000);
    return [share(event.clientX, left, width), share(event.clientY, top, height)];
  };
  const begin = (event: PointerEvent) => {
    if (!pinning.value || !look) return;
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    line.current = [at(event)];
  };
  const move = (event: PointerEvent) => {
    const points = line.current, last = points?.at(-1);
    if (!points || !last || points.length === 2000) return;
    const [x, y] = at(event);
    if (Math.hypot(x - last[0], y - last[1]) < 8) return;
    points.push([x, y]);
    placing.value = { x: points[0]![0], y: points[0]![1], points: [...points] };
  };
  const clicked = (event: MouseEvent) => {
    const drawn = (line.current?.length ?? 0) > 1;
    line.current = null;
    if (!pinning.value || !look) return setClose(!close);
    // By a key it is clicked nowhere: the note goes to the middle.
    const [x, y] = event.detail > 0 ? at(event) : [500, 500];
    if (!drawn) placing.value = { x, y, points: [] };
  };
  const kept = notesOn();
  const shown = placing.value ? [...kept, { id: "new", ...placing.value }] : kept;
  return (
    <button
      type="button" class="look" data-close={close ? "" : undefined} data-pinning={pinning.value ? "" : undefined}
      aria-label={pinning.value ? t("pinWhere") : close ? t("fit") : t("zoomIn")} onClick={clicked} onPointerDown={begin} onPointerMove={move}
    >
      {look ? (
        <span class="pinned" dir="ltr" style={`--w:${look.whole[0]}px;--ratio:${look.whole[0] / look.whole[1]}`}>
          <img src={look.url} alt={row?.prompt ?? ""} draggable={false} />
          <svg class="lines" viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">
            {shown.map((one) => <polyline key={one.id} points={one.points.join(" ")} />)}
          </svg>
          {shown.map((one, at) => <span key={one.id} class="pin" data-n={at + 1} style={`left:${one.x / 10}%;top:${one.y / 10}%`} />)}
        </span>
      ) : <span class="loading" />}
    </button>
  );
}

const notesOn = () => notesOf(opened.value?.annotations ?? []);

/** The notes as the words of an edit, each with its place; the part can still be painted. */
function editBy(): void {
  words.value = notesOn()
    .map(({ x, y, points, words: said }) => {
      const words = said.replace(/[.。۔]+$/, "");
      return points.length ? t("drawnAt", { ...spanOf(points), words }) : t("pinAt", { x: Math.round(x / 10), y: Math.round(y / 10), words });
    })
    .join(" ");
  marked.value = true;
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
    const words = text.trim(), place = at!.points.length ? { kind: "sketch", points: at!.points } : { kind: "pin", x: at!.x, y: at!.y };
    if (!words || !(await trying(() => server.value.annotate({ image, words, ...place })))) return;
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
  const [crop, setCrop] = useState("");
  const [cut, setCut] = useState(false);
  const write = async (event: Event) => {
    event.preventDefault();
    const made = await trying(() => server.value.export({
      image: image.uri, save_to: [name.trim()],
      ...(size.trim() ? { exact_size: size.trim() } : {}), ...(crop.trim() ? { crop: crop.split(/[\s,،、]+/).map(Number) } : {}), ...(cut ? { background: "transparent" } : {}),
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
        <label>{t("crop")}<input dir="ltr" value={crop} onInput={typed(setCrop)} /></label>
        <label class="check"><input type="checkbox" checked={cut} onChange={() => setCut(!cut)} /> {t("cutOut")}</label>
        <button class="main" type="submit" disabled={!name.trim()}>{t("exportGo")}</button>
      </form>
    </details>
  );
}

function Facts() {
  const { image, recipe, parents, siblings, cost_usd: cost, annotations } = opened.value!;
  const before = parents.find((one) => one.role === "edited from");
  const pick = annotations.find((one) => one.kind === "pick");
  const prompt = String(recipe.arguments?.prompt ?? image.prompt);
  return (
    <aside class="facts">
      <p class="prompt" dir="auto" tabIndex={0}>{prompt}</p>
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
      <Versions of={image.id} />
    </aside>
  );
}

/** All that the picture goes back to, and all that became of it, as a tree to walk. */
function Versions({ of }: { of: string }) {
  const [rows, setRows] = useState<Version[]>([]);
  useEffect(() => void trying(() => server.value.tree(of)).then((found) => setRows(found?.versions ?? [])), [of, images.value]);
  return rows.length < 2 ? null : (
    <section>
      <h2>{t("versions")}</h2>
      <nav aria-label={t("versions")}><Branch rows={rows} under={null} of={of} /></nav>
    </section>
  );
}

function Branch({ rows, under, of }: { rows: Version[]; under: string | null; of: string }) {
  const here = rows.filter((one) => one.under === under);
  return !here.length ? null : (
    <ul class="tree">
      {here.map((one) => (
        <li key={one.id}>
          <button type="button" aria-current={one.id === of} onClick={() => go({ view: "picture", id: one.id })}>
            {one.thumb ? <img src={one.thumb} alt="" /> : null}
            <span dir="auto">{one.prompt}</span>
          </button>
          <Branch rows={rows} under={one.id} of={of} />
        </li>
      ))}
    </ul>
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
