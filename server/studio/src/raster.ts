// How regions look before the server has said what they are: drawn on a canvas, scaled.
import type { Region } from "./document";

type Canvas = HTMLCanvasElement;

export function canvasOf(width: number, height: number): [Canvas, CanvasRenderingContext2D] {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width));
  canvas.height = Math.max(1, Math.round(height));
  return [canvas, canvas.getContext("2d")!];
}

const DRAWN = new Set(["rect", "ellipse", "polygon", "brush", "all"]);

/** Adds one region to a canvas that is opaque where something is selected. What only the server can
 * find is not drawn, but for the outline of where it was asked to look. */
export function paint(ctx: CanvasRenderingContext2D, region: Region, scale: number): void {
  if (!DRAWN.has(region.kind)) return;
  ctx.save();
  if (region.op === "intersect") {
    const [mask, inner] = canvasOf(ctx.canvas.width, ctx.canvas.height);
    shape(inner, region, scale);
    ctx.globalCompositeOperation = "destination-in";
    ctx.drawImage(mask, 0, 0);
  } else {
    ctx.globalCompositeOperation = region.op === "subtract" ? "destination-out" : "source-over";
    shape(ctx, region, scale);
  }
  ctx.restore();
}

function shape(ctx: CanvasRenderingContext2D, region: Region, scale: number): void {
  ctx.save();
  ctx.scale(scale, scale);
  ctx.fillStyle = ctx.strokeStyle = "#fff";
  ctx.lineCap = ctx.lineJoin = "round";
  const { x = 0, y = 0, width = 0, height = 0, points = [] } = region;
  ctx.beginPath();
  if (region.kind === "all") ctx.rect(0, 0, ctx.canvas.width / scale, ctx.canvas.height / scale);
  else if (region.kind === "rect") ctx.rect(x, y, width, height);
  else if (region.kind === "ellipse")
    ctx.ellipse(x + width / 2, y + height / 2, width / 2, height / 2, 0, 0, 2 * Math.PI);
  else points.forEach(([px, py], at) => (at ? ctx.lineTo(px, py) : ctx.moveTo(px, py)));
  if (region.kind === "brush") {
    ctx.lineWidth = width;
    const [first] = points;
    if (points.length === 1 && first) ctx.lineTo(first[0] + 0.01, first[1]);
    ctx.stroke();
  } else ctx.fill();
  ctx.restore();
}

/** The selection as it is seen: stripes, under a rim of black and white, on any picture. */
export function show(out: CanvasRenderingContext2D, whole: CanvasImageSource, rim: boolean): void {
  const { width, height } = out.canvas;
  const [mask, scaled] = canvasOf(width, height);
  scaled.drawImage(whole, 0, 0, width, height); // once: the rim needs it ten times
  out.clearRect(0, 0, width, height);
  out.save();
  out.drawImage(mask, 0, 0);
  out.globalCompositeOperation = "source-in";
  out.fillStyle = stripes(out);
  out.fillRect(0, 0, width, height);
  out.restore();
  if (!rim) return;
  const [edge, ctx] = canvasOf(width, height);
  for (const [reach, colour] of [[2, "#000"], [1, "#fff"]] as const) {
    const [ring, inner] = canvasOf(width, height);
    for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) inner.drawImage(mask, reach * x, reach * y);
    inner.globalCompositeOperation = "source-in";
    inner.fillStyle = colour;
    inner.fillRect(0, 0, width, height);
    ctx.drawImage(ring, 0, 0);
  }
  ctx.globalCompositeOperation = "destination-out";
  ctx.drawImage(mask, 0, 0);
  out.drawImage(edge, 0, 0);
}

/** What somebody else marks: under the own selection's stripes, in one calm colour. */
export function theirs(out: CanvasRenderingContext2D, regions: readonly Region[], scale: number): void {
  const [mask, ctx] = canvasOf(out.canvas.width, out.canvas.height);
  for (const one of regions) paint(ctx, one, scale);
  ctx.globalCompositeOperation = "source-in";
  ctx.fillStyle = "rgba(40,110,240,.4)";
  ctx.fillRect(0, 0, mask.width, mask.height);
  out.save();
  out.globalCompositeOperation = "destination-over";
  out.drawImage(mask, 0, 0);
  out.restore();
}

function stripes(ctx: CanvasRenderingContext2D): CanvasPattern {
  const [tile, inner] = canvasOf(12, 12);
  inner.fillStyle = "rgba(230,40,60,.38)";
  inner.fillRect(0, 0, 12, 12);
  inner.strokeStyle = "rgba(255,255,255,.5)";
  inner.lineWidth = 3;
  inner.beginPath();
  for (const at of [-12, 0, 12]) {
    inner.moveTo(at, 12);
    inner.lineTo(at + 12, 0);
  }
  inner.stroke();
  return ctx.createPattern(tile, "repeat")!;
}
