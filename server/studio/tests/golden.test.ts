// What the page draws at once, against the masks that the server makes of the same regions
// (tests/unit/test_golden_regions.py): Skia draws here as it does in Chromium.
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { beforeAll, expect, test } from "vitest";
import cases from "../../../tests/data/golden/regions.json";
import type { Region } from "../src/document";
import { canvasOf, paint } from "../src/raster";

const MOST = 0.0005; // of all pixels
const CLEAR = 60, SOLID = 195; // alpha; between them an edge runs through a pixel, which is seen as both

beforeAll(() => {
  globalThis.document = { createElement: () => createCanvas(1, 1) } as unknown as Document;
});

test.each(cases)("$name is drawn as it will be kept", async ({ name, width, height, regions }) => {
  const [, drawn] = canvasOf(width, height);
  for (const one of regions) paint(drawn, one as Region, 1);
  const file = new URL(`../../../tests/data/golden/${name.replaceAll(" ", "-")}.png`, import.meta.url);
  const [, golden] = canvasOf(width, height);
  golden.drawImage((await loadImage(file.pathname)) as unknown as CanvasImageSource, 0, 0);
  const [a, b] = [drawn, golden].map((one) => one.getImageData(0, 0, width, height).data);
  let different = 0;
  for (let at = 3; at < a!.length; at += 4) if (b![at]! ? a![at]! < CLEAR : a![at]! > SOLID) different++;
  expect(different / (width * height)).toBeLessThanOrEqual(MOST);
});
