// What is painted: make_mask's own list of regions, in pixels of the whole picture. Pure.

export type Point = [number, number];
export type Op = "add" | "subtract" | "intersect";
export type Region = {
  kind: "rect" | "ellipse" | "polygon" | "brush" | "color" | "image" | "all";
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

/** The document with one more step; what was undone is gone. The first step always adds. */
export function add(doc: Document, region: Region): Document {
  const first = doc.done.length === 0;
  return { done: [...doc.done, first ? { ...region, op: "add" } : region], undone: [] };
}

export function undo(doc: Document): Document {
  const last = doc.done[doc.done.length - 1];
  return last ? { done: doc.done.slice(0, -1), undone: [last, ...doc.undone] } : doc;
}

export function redo(doc: Document): Document {
  const [next, ...rest] = doc.undone;
  return next ? { done: [...doc.done, next], undone: rest } : doc;
}

export function remove(doc: Document, index: number): Document {
  const done = doc.done.filter((_, at) => at !== index);
  const [first, ...rest] = done;
  return { done: first ? [{ ...first, op: "add" }, ...rest] : [], undone: [] };
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
