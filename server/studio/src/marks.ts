// Notes on a picture: points and lines that a person left there, with words.
import type { Mark } from "./api";
import { canvasOf } from "./raster";

/** The notes among the annotations, in their order: each has a place, those that are drawn a line. */
export const notesOf = (annotations: readonly Mark[]) =>
  annotations.flatMap((one) => {
    const [x, y] = one.points[0] ?? [one.x, one.y];
    return (one.kind === "pin" || one.kind === "sketch") && x !== null && y !== null ? [{ ...one, x, y }] : [];
  });
export type Note = ReturnType<typeof notesOf>[number];

/** The percent that a line spans, from left, top to right, bottom. */
export function spanOf(points: readonly [number, number][]) {
  const [xs, ys] = [0, 1].map((at) => points.map((one) => one[at]! / 10));
  const [x, y] = [Math.min(...xs!), Math.min(...ys!)].map(Math.round);
  const [right, bottom] = [Math.max(...xs!), Math.max(...ys!)].map(Math.round);
  return { x: x!, y: y!, right: right!, bottom: bottom! };
}

/** The marks alone, on a clear ground of the picture's own size: what a model sees as markup. */
export async function drawn(notes: readonly Note[], width: number, height: number): Promise<Blob> {
  const [canvas, ctx] = canvasOf(width, height), wide = Math.max(4, Math.max(width, height) / 150);
  ctx.strokeStyle = ctx.fillStyle = "#e6283c";
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.lineWidth = wide;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.font = `bold ${wide * 4}px sans-serif`;
  notes.forEach(({ points, x, y }, at) => {
    ctx.beginPath();
    points.forEach(([px, py], n) => ctx[n ? "lineTo" : "moveTo"]((px / 1000) * width, (py / 1000) * height));
    ctx.stroke();
    const [cx, cy] = [(x / 1000) * width, (y / 1000) * height];
    ctx.beginPath();
    ctx.arc(cx, cy, wide * 3, 0, 2 * Math.PI);
    ctx.fill();
    ctx.save();
    ctx.fillStyle = "#fff";
    ctx.fillText(String(at + 1), cx, cy);
    ctx.restore();
  });
  return new Promise((done, failed) => canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("PNG")))));
}
