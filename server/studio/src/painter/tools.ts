// What a pointer draws: each tool turns a drag into a region, while it lasts and when it ends.
import { signal } from "@preact/signals";
import { boxOf, thinned, type Point, type Region } from "../document";
import type { IconName } from "../icons";

export type ToolName = "brush" | "eraser" | "rect" | "ellipse" | "polygon" | "lasso" | "wand" | "object";
export type Tool = {
  icon: IconName;
  key: string;
  /** The region of a drag so far; null while it is none. `size` is the whole picture's. */
  region: (points: readonly Point[], size: Point) => Region | null;
};

export const tool = signal<ToolName>("brush");
export const brush = signal(40); // pixels of the whole picture
export const tolerance = signal(32); // 0-255
export const contiguous = signal(true); // the wand's: only what touches its point
export const opacity = signal(100); // percent, of the overlay
export const subtracts = signal(false); // held by a key: shapes take away

const stroke = (op: Region["op"]) => (points: readonly Point[]): Region => ({
  kind: "brush", op, width: brush.value, points: thinned(points, Math.max(0.5, brush.value / 12)),
});
const op = () => (subtracts.value ? "subtract" as const : "add" as const);
const between = (kind: "rect" | "ellipse") => (points: readonly Point[], size: Point): Region | null => {
  const [first, last] = [points[0], points[points.length - 1]];
  const box = first && last ? boxOf(first, last, size) : null;
  return box && { kind, op: op(), ...box };
};

const within = ([x, y]: Point = [-1, -1], [width, height]: Point) =>
  x < 0 || y < 0 || x >= width || y >= height ? null : { x: Math.floor(x), y: Math.floor(y) };

function around(points: readonly Point[]): Region | null {
  const kept = thinned(points, 2);
  return kept.length < 3 ? null : { kind: "polygon", op: op(), points: kept };
}

export const TOOLS: Record<ToolName, Tool> = {
  brush: { icon: "brush", key: "b", region: stroke("add") },
  eraser: { icon: "eraser", key: "e", region: stroke("subtract") },
  rect: { icon: "rect", key: "r", region: between("rect") },
  ellipse: { icon: "ellipse", key: "o", region: between("ellipse") },
  polygon: { icon: "polygon", key: "p", region: around }, // its points are clicked one by one
  lasso: { icon: "lasso", key: "l", region: around },
  object: {
    icon: "object", key: "s",
    region: (points, size) => {
      const [first, last] = [points[0], points[points.length - 1]];
      const box = first && last ? boxOf(first, last, size) : null;
      if (box && box.width > 4 && box.height > 4) return { kind: "object", op: op(), ...box };
      const at = within(last, size);
      return at && { kind: "object", op: op(), ...at };
    },
  },
  wand: {
    icon: "wand", key: "w",
    region: (points, size) => {
      const at = within(points[points.length - 1], size);
      return at && { kind: "color", op: op(), ...at, tolerance: tolerance.value, contiguous: contiguous.value };
    },
  },
};
export const NAMES = Object.keys(TOOLS) as ToolName[];
