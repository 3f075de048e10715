// What the page knows, as signals, and everything that changes it. Views read signals and call these.
import { computed, effect, signal, untracked } from "@preact/signals";
import { api, type EditRequest, type Jobs, type Opened, type Other, type Pixels, type Quote, type Row, type Truth } from "./api";
import { drawn, notesOf } from "./marks";
import { add, EMPTY, FLAT, move, redo, remove, replace, undo, upTo, type Document, type Region, type Shape } from "./document";
import { Refusal, type Place } from "./transport";
import { t } from "./words";

export type Route = { view: "gallery" } | { view: "picture" | "paint" | "compare" | "choose"; id: string };

export const place = signal<Place | null>(null);
export const route = signal<Route>({ view: "gallery" });
const trail: Route[] = [];

export const images = signal<Row[]>([]);
export const cursor = signal<string | null>(null);
export const total = signal(0);
export const query = signal("");
export const kind = signal<string | null>(null);
export const loaded = signal(false);

export const opened = signal<Opened | null>(null);
export const pixels = signal<Pixels | null>(null);
export const jobs = signal<Jobs | null>(null);
export const toast = signal("");
export const notes = signal<{ image: string; lines: string[] } | null>(null); // on what was just made

export const doc = signal<Document>(EMPTY);
export const shape = signal<Shape>(FLAT);
export const truth = signal<Truth | null>(null);
export const words = signal("");
export const seam = signal(0); // pixels of an edit's soft edge inside the mask; 0 leaves it to the server
export const marked = signal(false); // the words are those of notes: a model that can sees the marks too
export const others = signal<Other[]>([]); // who paints on the same picture
export const quote = signal<Quote | null>(null);
export const sending = signal(false);

let revision = "";
let toasting = 0;

export const server = computed(() => api((...asked) => place.value!.call(...asked)));

export function say(text: string): void {
  toast.value = text;
  clearTimeout(toasting);
  toasting = window.setTimeout(() => (toast.value = ""), 4000);
}

/** Runs what may be refused; the words of the refusal are shown. */
export async function trying<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const { message, fix = "" } = error as Refusal;
    say(error instanceof Refusal ? [message, fix].filter(Boolean).join(" ") : t("lost", { why: message }));
    return undefined;
  }
}

export function go(to: Route): void {
  trail.push(route.value);
  route.value = to;
}

export function back(): void {
  route.value = trail.pop() ?? { view: "gallery" };
}

/** The first page anew; what is further down stays. */
export async function reload(): Promise<void> {
  const asked = { query: query.value || null, kind: kind.value };
  const page = await server.value.list(asked);
  if (asked.query !== (query.value || null) || asked.kind !== kind.value) return;
  const fresh = new Set(page.images.map((one) => one.id));
  const older = page.cursor && loaded.value ? images.value.filter((one) => !fresh.has(one.id)) : [];
  const keep = older.length && images.value.some((one) => fresh.has(one.id));
  images.value = keep ? [...page.images, ...older] : page.images;
  if (!keep) cursor.value = page.cursor;
  total.value = page.total;
  loaded.value = true;
}

export async function more(): Promise<void> {
  const from = cursor.value;
  if (!from) return;
  cursor.value = null; // once
  const asked = { query: query.value || null, kind: kind.value };
  const page = await server.value.list({ ...asked, cursor: from });
  if (asked.query !== (query.value || null) || asked.kind !== kind.value) return;
  const known = new Set(images.value.map((one) => one.id));
  images.value = [...images.value, ...page.images.filter((one) => !known.has(one.id))];
  cursor.value = page.cursor;
}

export function search(text: string, of: string | null = kind.value): void {
  query.value = text;
  kind.value = of;
  images.value = [];
  loaded.value = false;
  void trying(reload);
}

let asking: Promise<void> | null = null;
let again = false;

/** Called when something may be new; cheap when nothing is, and never twice at once. */
export function refresh(): Promise<void> {
  again = asking !== null;
  return (asking ??= look().finally(() => {
    asking = null;
    if (again) void trying(refresh);
  }));
}

async function look(): Promise<void> {
  const first = !loaded.value; // the pictures, before anything else
  const [{ revision: now, changed }] = await Promise.all([server.value.changes(revision), first && reload()]);
  if (!changed && !jobs.value?.running.length) return;
  const running = server.value.jobs().then((found) => void (jobs.value = found));
  // Others may have marked what is open.
  await Promise.all(changed ? [running, first || reload(), reopen()] : [running]);
  if (changed) revision = now;
}

async function open(id: string): Promise<void> {
  if (opened.value?.image.id !== id) {
    opened.value = pixels.value = null;
    doc.value = EMPTY;
    shape.value = FLAT;
    truth.value = quote.value = null;
    words.value = "";
    marked.value = false;
    others.value = [];
    toldOf = undefined;
  }
  const [found, look] = await Promise.all([server.value.image(id), server.value.pixels(id)]);
  const now = route.value;
  if (!("id" in now) || now.id !== id) return;
  opened.value = found;
  pixels.value = look;
}

export function change(step: (doc: Document) => Document): void {
  doc.value = step(doc.value);
}
export const steps = {
  add: (region: Region) => change((now) => add(now, region)),
  undo: () => change(undo),
  redo: () => change(redo),
  remove: (index: number) => change((now) => remove(now, index)),
  replace: (index: number, by: Partial<Region>) => change((now) => replace(now, index, by)),
  move: (index: number, by: -1 | 1) => change((now) => move(now, index, by)),
  upTo: (count: number) => change((now) => upTo(now, count)),
  clear: () => change(() => EMPTY),
};

const SEEN = new Set(["subject", "object", "face", "text"]);
const maskRequest = () => ({ image: opened.value!.image.uri, regions: [...doc.value.done], ...shape.value });

async function settle(): Promise<void> {
  const asked = doc.value, shaped = shape.value;
  if (!asked.done.length) return;
  const found = await trying(() => server.value.mask(maskRequest()));
  if (asked !== doc.value || shaped !== shape.value) return;
  if (found) truth.value = found;
  // What cannot be found here (an extra is missing) does not stay in the way of the other steps.
  else if (SEEN.has(asked.done[asked.done.length - 1]!.kind)) doc.value = { ...undo(asked), undone: [] };
}

/** Picks a picture, or takes the pick back; the agent hears of it. */
export async function picking(row: Row, known?: string): Promise<void> {
  const done = await trying(() =>
    known ? server.value.unannotate(known) : server.value.annotate({ image: row.id, kind: "pick" }));
  if (!done) return;
  if (!known) {
    say(t("picked"));
    place.value!.say(`The user picked ${row.uri} in the studio.`);
  }
  await reopen();
}

/** What is known of the opened picture, anew. */
export async function reopen(): Promise<void> {
  const id = opened.value?.image.id;
  const found = id && (await trying(() => server.value.image(id)));
  if (found && opened.value?.image.id === id) opened.value = found;
}

let kept: { doc: Document; shape: Shape; uri: string } | null = null;

/** The stored mask of what is selected now, made once. */
async function maskUri(): Promise<string | undefined> {
  const [asked, shaped] = [doc.value, shape.value];
  if (kept?.doc !== asked || kept.shape !== shaped) {
    const made = await trying(() => server.value.makeMask(maskRequest()));
    if (!made) return undefined;
    kept = { doc: asked, shape: shaped, uri: made.uri };
  }
  return kept.uri;
}

/** Keeps the selection as a mask that the agent hears of. */
export async function keepMask(): Promise<boolean> {
  const image = opened.value!.image.id, uri = await maskUri();
  if (!uri) return false;
  const mask = uri.replace("image://", "");
  return !!(await trying(() => server.value.annotate({ image, kind: "mask", mask })));
}

const editRequest = (more: { mask?: string; markup?: string } = {}): EditRequest => ({
  images: [opened.value!.image.uri],
  prompt: words.value.trim(),
  ...more,
  ...(more.mask && seam.value ? { seam: seam.value } : {}),
});

/** What goes with the words: the mask, or else the marks for a model that takes them. */
async function withWords(): Promise<{ mask?: string; markup?: string } | undefined> {
  if (doc.value.done.length) {
    const mask = await maskUri();
    return mask ? { mask } : undefined;
  }
  if (!marked.value || !quote.value?.markup) return {};
  const { image, annotations } = opened.value!;
  const file = await drawn(notesOf(annotations), image.width, image.height);
  const id = await trying(() => server.value.upload(file, "marks.png", null));
  return id ? { markup: `image://${id}` } : undefined;
}

const me = Math.random().toString(36).slice(2, 14);
let toldOf: unknown;

/** Says what is painted here and where the pointer is, and hears the same of the others. */
export async function meet(at: [number, number] | null): Promise<void> {
  const image = opened.value?.image.uri, now = doc.value.done;
  if (!image) return;
  const regions = toldOf === now ? null : [...now];
  toldOf = now;
  const found = await server.value.beside({ image, person: me, regions, at });
  if (image === opened.value?.image.uri && (found.others.length || others.value.length)) others.value = found.others;
}

/** Sends the edit of the selected part, or of all of it; shows what came. */
export async function sendEdit(): Promise<void> {
  sending.value = true;
  const more = await trying(withWords);
  if (more) {
    const made = await trying(() => server.value.edit(editRequest(more), quote.value?.usd ?? 0));
    const [first] = made?.images ?? [];
    if (first) notes.value = { image: first, lines: made!.warnings };
    if (first) go({ view: "picture", id: first });
  }
  sending.value = false;
  void trying(refresh);
}

export async function makeNew(prompt: string, agreed: number): Promise<boolean> {
  sending.value = true;
  void trying(refresh);
  const made = await trying(() => server.value.generate({ prompt }, agreed));
  sending.value = false;
  void trying(refresh);
  return made !== undefined;
}

export async function takeIn(files: Iterable<File>): Promise<void> {
  for (const file of files) {
    if (await trying(() => server.value.upload(file, file.name))) say(t("dropped"));
  }
  void trying(refresh);
}

/** What follows from what: a route opens its picture, a stroke asks for the truth, words for a price. */
export function begin(): void {
  effect(() => {
    const now = route.value;
    if ("id" in now && place.value) untracked(() => void trying(() => open(now.id)));
  });
  let settling = 0;
  effect(() => {
    doc.value, shape.value;
    truth.value = null;
    clearTimeout(settling);
    settling = window.setTimeout(() => void settle(), 40);
  });
  let pricing = 0;
  effect(() => {
    const wanted = words.value.trim();
    const masked = doc.value.done.length > 0;
    quote.value = null;
    clearTimeout(pricing);
    if (!wanted || !opened.peek()) return;
    // Any mask has the same price: the picture's own uri stands for the one that is not made yet.
    const { uri } = opened.peek()!.image;
    pricing = window.setTimeout(async () => {
      const asked = (more: object) => trying(() => server.value.quote(editRequest(more)));
      let price = await asked(masked ? { mask: uri } : {});
      if (price?.markup && marked.value && !masked) price = await asked({ markup: uri });
      if (price && wanted === words.value.trim()) quote.value = price;
    }, 350);
  });
}
