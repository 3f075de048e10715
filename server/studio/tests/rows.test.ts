import { describe, expect, it } from "vitest";
import { firstBelow, justified } from "../src/rows";

const ratios = Array.from({ length: 1000 }, (_, at) => [0.5, 0.75, 1, 1.5, 3][(at * 7) % 5]!);

describe("justified rows", () => {
  it.each([320, 768, 1440])("fill a page of %i pixels, row by row", (width) => {
    const { places, height } = justified(ratios, width, 200, 12);
    expect(places).toHaveLength(ratios.length);
    const rows = new Map<number, typeof places>();
    for (const one of places) rows.set(one[1], [...(rows.get(one[1]) ?? []), one]);
    const lines = [...rows.values()];
    for (const [n, row] of lines.entries()) {
      const [left, top, wide, tall] = row[row.length - 1]!;
      expect(row.every(([, t, , h]) => t === top && h === tall)).toBe(true);
      if (n < lines.length - 1) expect(Math.abs(left + wide - width)).toBeLessThanOrEqual(row.length);
      const next = lines[n + 1]?.[0];
      if (next) expect(next[1]).toBe(top + tall + 12);
      else expect(height).toBe(top + tall);
    }
  });

  it("leave a last row as tall as the others", () => {
    expect(justified([1], 1000, 200, 12)).toEqual({ places: [[0, 0, 200, 200]], height: 200 });
  });

  it("are none without pictures, and survive a page without a width", () => {
    expect(justified([], 1000, 200, 12)).toEqual({ places: [], height: 0 });
    expect(justified([1, 2], 0, 200, 12).places).toHaveLength(2);
  });
});

describe("what is near", () => {
  it("is found as by looking at each", () => {
    const { places, height } = justified(ratios, 900, 200, 12);
    for (let at = -50; at < height + 50; at += 97) {
      const found = places.findIndex(([, top, , tall]) => top + tall > at);
      expect(firstBelow(places, at)).toBe(found < 0 ? places.length : found);
    }
  });
});
