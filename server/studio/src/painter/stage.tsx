// The picture under its selection: drawn on, zoomed and moved by pointer, wheel, pinch and keys.
import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Pixels } from "../api";
import type { Point, Region } from "../document";
import { canvasOf, paint, show, theirs } from "../raster";
import { doc, others, say, shape, steps, truth } from "../state";
import { t } from "../words";
import { brush, opacity, subtracts, tool, TOOLS } from "./tools";

type View = { scale: number; x: number; y: number }; // of the whole picture's pixels, from top left
export const view = signal<View>({ scale: 0, x: 0, y: 0 });
export const draft = signal<Region | null>(null);
let pointer: Point | null = null; // of the mouse, in pixels of the picture
export const pointed = () => cursor.peek() ?? pointer;
const cursor = signal<Point | null>(null); // for keys, in pixels of the picture
const MOST = 2048; // pixels of the overlay's longest edge

export function fit(stage: Element, whole: Point): void {
  const { clientWidth: w, clientHeight: h } = stage;
  const scale = Math.min((w - 24) / whole[0], (h - 24) / whole[1], 4);
  view.value = { scale, x: (w - whole[0] * scale) / 2, y: (h - whole[1] * scale) / 2 };
}

export function zoom(by: number, at?: Point): void {
  const { scale, x, y } = view.value;
  const next = Math.min(32, Math.max(0.02, scale * by));
  const [px, py] = at ?? middle();
  view.value = { scale: next, x: px - ((px - x) / scale) * next, y: py - ((py - y) / scale) * next };
}

const middle = (): Point => {
  const stage = document.querySelector(".stage");
  return stage ? [stage.clientWidth / 2, stage.clientHeight / 2] : [0, 0];
};

export function Stage({ look }: { look: Pixels }) {
  const stage = useRef<HTMLDivElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const [whole, factor] = [look.whole, Math.min(1, MOST / Math.max(...look.whole))];

  useEffect(() => {
    fit(stage.current!, whole);
    let fitted = view.value;
    const resized = new ResizeObserver(() => {
      if (view.value !== fitted) return; // somebody zoomed: what they look at stays
      fit(stage.current!, whole);
      fitted = view.value;
    });
    resized.observe(stage.current!);
    return () => resized.disconnect();
  }, [look]);

  useEffect(() => gliding(stage.current!), [look]);
  useEffect(() => drawing(over.current!, factor), [look]);
  useEffect(() => pointing(stage.current!, whole), [look]);
  useEffect(() => void ((corners = []), (draft.value = null)), [look, tool.value]);

  const { scale, x, y } = view.value;
  const [width, height] = whole;
  const at = cursor.value;
  return (
    <div
      class="stage" ref={stage} tabIndex={0} role="application" aria-label={t("canvas")} dir="ltr"
      onKeyDown={(event) => keyed(event, whole)} style={`--brush:${brush.value * scale}px`}
    >
      <div class="sheet" style={`inline-size:${width}px;block-size:${height}px;transform:translate(${x}px,${y}px) scale(${scale})`}>
        <img src={look.url} alt="" draggable={false} data-close={scale > 3 ? "" : undefined} />
        <canvas ref={over} style={`opacity:${opacity.value / 100}`} width={Math.round(width * factor)} height={Math.round(height * factor)} />
      </div>
      {at ? <Spot at={at} /> : null}
      {others.value.map((one) => (one.at ? <Spot key={one.person} at={one.at} other /> : null))}
    </div>
  );
}

function Spot({ at: [px, py], other }: { at: Point; other?: boolean }) {
  const { scale, x, y } = view.value;
  return <span class={other ? "at other" : "at"} style={`transform:translate(${x + px * scale}px,${y + py * scale}px)`} />;
}

/** While it is zoomed or moved, the sheet is a layer of its own, sharp again when it rests. */
function gliding(stage: HTMLElement): () => void {
  let resting = 0;
  const stop = effect(() => {
    view.value;
    stage.dataset.gliding = "";
    clearTimeout(resting);
    resting = window.setTimeout(() => delete stage.dataset.gliding, 150);
  });
  return () => {
    stop();
    clearTimeout(resting);
  };
}

/** Draws the selection whenever it changes: the stroke at once, the truth when it is there. */
function drawing(canvas: HTMLCanvasElement, factor: number): () => void {
  const out = canvas.getContext("2d")!;
  const [base, ctx] = canvasOf(canvas.width, canvas.height);
  let drawn: readonly Region[] = [];
  let frame = 0;
  let loaded: { url: string; image: HTMLImageElement } | null = null;

  const redraw = () => {
    draw();
    for (const { regions } of others.value) theirs(out, regions, factor);
  };
  const draw = () => {
    frame = 0;
    const now = doc.value.done, stroke = draft.value;
    if (loaded && loaded.url === truth.value?.url && !stroke) return show(out, loaded.image, true);
    if (drawn !== now) {
      const known = drawn.length <= now.length && drawn.every((one, at) => one === now[at]);
      if (!known) ctx.clearRect(0, 0, base.width, base.height);
      for (const one of known ? now.slice(drawn.length) : now) paint(ctx, one, factor);
      drawn = now;
    }
    if (!stroke) return show(out, base, false);
    const [together, upper] = canvasOf(base.width, base.height);
    upper.drawImage(base, 0, 0);
    paint(upper, stroke, factor);
    show(out, together, false);
  };
  const stop = effect(() => {
    doc.value, draft.value, shape.value, others.value;
    const url = truth.value?.url;
    if (url && loaded?.url !== url) {
      const image = new Image();
      image.onload = () => {
        loaded = { url, image };
        if (!frame) frame = requestAnimationFrame(redraw);
      };
      image.onerror = () => say(t("lost", { why: "PNG" }));
      image.src = url;
    }
    if (!frame) frame = requestAnimationFrame(redraw);
  });
  return () => {
    stop();
    cancelAnimationFrame(frame);
  };
}

/** One pointer draws, two pinch, the middle button or the space bar moves; the wheel zooms. */
function pointing(stage: HTMLElement, whole: Point): () => void {
  const down = new Map<number, Point>();
  let points: Point[] = [];
  let moving = false;
  let pinched = false; // until every finger is up, so that the last one draws nothing
  const place = (event: MouseEvent): Point => {
    const { left, top } = stage.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const inPicture = ([px, py]: Point): Point => [(px - view.value.x) / view.value.scale, (py - view.value.y) / view.value.scale];
  const spread = () => {
    const [a = [0, 0], b = a] = [...down.values()] as [Point?, Point?];
    return { far: Math.hypot(a[0] - b[0], a[1] - b[1]), at: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] as Point };
  };
  const move = (event: PointerEvent) => {
    pointer = inPicture(place(event));
    if (!down.has(event.pointerId)) return corners.length ? outline(inPicture(place(event))) : undefined;
    if (down.size > 1) {
      const before = spread();
      down.set(event.pointerId, place(event));
      const now = spread();
      view.value = { ...view.value, x: view.value.x + now.at[0] - before.at[0], y: view.value.y + now.at[1] - before.at[1] };
      if (before.far > 0) zoom(now.far / before.far, now.at);
      return;
    }
    if (pinched) return;
    const [px, py] = place(event), [ox, oy] = down.get(event.pointerId)!;
    down.set(event.pointerId, [px, py]);
    if (moving) {
      view.value = { ...view.value, x: view.value.x + px - ox, y: view.value.y + py - oy };
      return;
    }
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length ? all : [event]) points.push(inPicture(place(one)));
    draft.value = TOOLS[tool.value].region(points, whole);
  };
  const begin = (event: PointerEvent) => {
    if (event.target instanceof Element && event.target.closest("button")) return;
    stage.setPointerCapture(event.pointerId);
    down.set(event.pointerId, place(event));
    moving = event.button === 1 || stage.dataset.hand !== undefined;
    pinched ||= down.size > 1;
    if (pinched || moving) {
      points = [];
      draft.value = null;
      return;
    }
    subtracts.value = event.altKey;
    points = [inPicture(place(event))];
    if (tool.value === "polygon") return;
    corners = [];
    draft.value = TOOLS[tool.value].region(points, whole);
  };
  const end = (event: PointerEvent) => {
    down.delete(event.pointerId);
    if (!down.size) pinched = false;
    if (tool.value === "polygon" && points.length && event.type === "pointerup") {
      const at = points[points.length - 1]!, near = 8 / view.value.scale;
      const closes = [corners[0], corners[corners.length - 1]].some((one) => one && Math.hypot(one[0] - at[0], one[1] - at[1]) < near);
      points = [];
      if (closes) return close();
      corners.push(at);
      return outline();
    }
    const region = points.length && event.type === "pointerup" ? TOOLS[tool.value].region(points, whole) : null;
    points = [];
    draft.value = null;
    if (region) steps.add(region);
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    if (event.shiftKey) view.value = { ...view.value, x: view.value.x - event.deltaY };
    else zoom(Math.exp(-event.deltaY / 400), place(event));
  };
  const hand = (event: KeyboardEvent) => {
    if (event.key !== " " || event.target !== stage) return;
    event.preventDefault();
    if (event.type === "keydown") stage.dataset.hand = "";
    else delete stage.dataset.hand;
  };
  stage.addEventListener("keydown", hand);
  stage.addEventListener("keyup", hand);
  stage.addEventListener("pointerdown", begin);
  stage.addEventListener("pointermove", move);
  stage.addEventListener("pointerup", end);
  stage.addEventListener("pointercancel", end);
  stage.addEventListener("wheel", wheel, { passive: false });
  return () => {
    stage.removeEventListener("keydown", hand);
    stage.removeEventListener("keyup", hand);
    stage.removeEventListener("pointerdown", begin);
    stage.removeEventListener("pointermove", move);
    stage.removeEventListener("pointerup", end);
    stage.removeEventListener("pointercancel", end);
    stage.removeEventListener("wheel", wheel);
  };
}

let keyPoints: Point[] = [];
let corners: Point[] = []; // of a polygon that is not closed; a click on its first or last one closes it

/** What there is of the polygon, up to the pointer: a line until it is an area. */
function outline(to?: Point): void {
  const all = to ? [...corners, to] : corners;
  draft.value = TOOLS.polygon.region(all, [0, 0])
    ?? (all.length ? { kind: "brush", op: "add", width: 2 / view.value.scale, points: [...all] } : null);
}

function close(): void {
  const region = TOOLS.polygon.region(corners, [0, 0]);
  corners = [];
  draft.value = null;
  if (region) steps.add(region);
}

/** Arrows move the pointer, Enter starts and ends a stroke: the whole of painting without a mouse. */
function keyed(event: KeyboardEvent, whole: Point): void {
  const step = event.shiftKey ? 50 : 10;
  const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
  const at = cursor.value ?? [whole[0] / 2, whole[1] / 2];
  if (by) {
    event.preventDefault();
    const next: Point = [
      Math.min(whole[0], Math.max(0, at[0] + by[0]!)),
      Math.min(whole[1], Math.max(0, at[1] + by[1]!)),
    ];
    cursor.value = next;
    if (keyPoints.length) {
      keyPoints.push(next);
      draft.value = TOOLS[tool.value].region(keyPoints, whole);
    }
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (corners.length) return close();
    subtracts.value = event.altKey;
    cursor.value = at;
    if (!keyPoints.length && tool.value !== "wand" && tool.value !== "object") {
      keyPoints = [at];
      draft.value = TOOLS[tool.value].region(keyPoints, whole);
      return;
    }
    const region = TOOLS[tool.value].region(keyPoints.length ? keyPoints : [at], whole);
    keyPoints = [];
    draft.value = null;
    if (region) steps.add(region);
  } else if (event.key === "Escape" && keyPoints.length + corners.length) {
    event.preventDefault();
    keyPoints = corners = [];
    draft.value = null;
  }
}
