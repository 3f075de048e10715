// What is painted: make_mask's own list of regions, in pixels of the whole picture. Pure.

export type Point = [number, number];
export type Op = "add" | "subtract" | "intersect";
export type Region = {
  kind: "rect" | "ellipse" | "polygon" | "brush" | "color" | "image" | "all" | "subject" | "object" | "face" | "text";
  op: Op;
  x?: number; y?: number; width?: number; height?: number;
  points?: Point[];
  tolerance?: number; contiguous?: boolean; image?: string;
};
/** What is done to the whole selection, after its regions. */
export type Shape = { feather: number; grow: number; invert: boolean; fill_holes: boolean };
export type Document = { done: readonly Region[]; undone: readonly Region[] };

export const EMPTY: Document = { done: [], undone: [] };
export const FLAT: Shape = { feather: 0, grow: 0, invert: false, fill_holes: false };

/** The document with one more step; what was undone is gone. Nothing is taken from nothing. */
export function add(doc: Document, region: Region): Document {
  return doc.done.length || region.op === "add" ? { done: [...doc.done, region], undone: [] } : doc;
}

export function undo(doc: Document): Document {
  const last = doc.done[doc.done.length - 1];
  return last ? { done: doc.done.slice(0, -1), undone: [last, ...doc.undone] } : doc;
}

export function redo(doc: Document): Document {
  const [next, ...rest] = doc.undone;
  return next ? { done: [...doc.done, next], undone: rest } : doc;
}

/** The document after so many of all its steps, done and undone. */
export function upTo(doc: Document, count: number): Document {
  const all = [...doc.done, ...doc.undone];
  return { done: all.slice(0, count), undone: all.slice(count) };
}

export function remove(doc: Document, index: number): Document {
  return begun(doc.done.filter((_, at) => at !== index));
}

export function replace(doc: Document, index: number, change: Partial<Region>): Document {
  return begun(doc.done.map((one, at) => (at === index ? { ...one, ...change } : one)));
}

/** A step one place earlier or later. */
export function move(doc: Document, index: number, by: -1 | 1): Document {
  const done = [...doc.done], [one, other] = [done[index], done[index + by]];
  if (!one || !other) return doc;
  [done[index], done[index + by]] = [other, one];
  return begun(done);
}

/** Without steps at the beginning that would take from nothing. */
function begun(done: readonly Region[]): Document {
  const first = done.findIndex((one) => one.op === "add");
  return { done: first < 0 ? [] : done.slice(first), undone: [] };
}

/** The box between two points, in whole pixels inside the picture; null where it is empty. */
export function boxOf(a: Point, b: Point, size: Point) {
  const left = Math.max(0, Math.round(Math.min(a[0], b[0])));
  const top = Math.max(0, Math.round(Math.min(a[1], b[1])));
  const right = Math.min(size[0], Math.round(Math.max(a[0], b[0])));
  const bottom = Math.min(size[1], Math.round(Math.max(a[1], b[1])));
  if (right <= left || bottom <= top) return null;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** A stroke without the points that do not change it: nearer than `apart` to the last one kept. */
export function thinned(points: readonly Point[], apart: number): Point[] {
  const kept: Point[] = [];
  for (const [x, y] of points) {
    const last = kept[kept.length - 1];
    if (!last || Math.hypot(x - last[0], y - last[1]) >= apart)
      kept.push([Math.round(x * 10) / 10, Math.round(y * 10) / 10]);
  }
  return kept;
}
