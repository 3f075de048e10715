import { expect, test } from "vitest";
import { add, boxOf, EMPTY, move, redo, remove, replace, thinned, undo, upTo, type Region } from "../src/document";

const rect = (op: Region["op"] = "add", x = 1): Region => ({ kind: "rect", op, x, y: 2, width: 3, height: 4 });

test("undo takes steps back one by one, redo brings them again, a new step forgets what was undone", () => {
  const two = add(add(EMPTY, rect()), rect("subtract"));
  const one = undo(two);
  expect(one.done).toEqual([rect()]);
  expect(redo(one)).toEqual(two);
  expect(undo(undo(one))).toEqual({ done: [], undone: [rect(), rect("subtract")] });
  expect(add(one, rect("add", 9)).undone).toEqual([]);
});

test("nothing is taken from nothing: neither by the first step, nor when those before it are gone", () => {
  expect(add(EMPTY, rect("subtract"))).toBe(EMPTY);
  const two = add(add(EMPTY, rect()), rect("subtract", 5));
  expect(remove(two, 0).done).toEqual([]);
  expect(remove(add(two, rect("add", 9)), 0).done).toEqual([rect("add", 9)]);
  expect(move(two, 0, 1).done).toEqual([rect()]);
});

test("steps are changed, moved and walked through; at the ends nothing moves", () => {
  const two = add(add(EMPTY, rect()), rect("add", 5));
  expect(replace(two, 1, { op: "intersect", x: 7 }).done[1]).toEqual(rect("intersect", 7));
  expect(move(two, 1, -1).done).toEqual([rect("add", 5), rect()]);
  expect(move(two, 1, 1)).toBe(two);
  expect(upTo(two, 1)).toEqual({ done: [rect()], undone: [rect("add", 5)] });
  expect(upTo(upTo(two, 0), 2)).toEqual(two);
});

test("a box is whole pixels inside the picture, from any corner; outside it there is none", () => {
  expect(boxOf([90.4, -5], [10.2, 40.6], [80, 60])).toEqual({ x: 10, y: 0, width: 70, height: 41 });
  expect(boxOf([90, 0], [95, 9], [80, 60])).toBeNull();
});

test("a stroke keeps what changes it and ends near where it ended", () => {
  const line = Array.from({ length: 100 }, (_, at): [number, number] => [at, 0]);
  const kept = thinned(line, 10);
  expect(kept.length).toBe(10);
  expect(kept[0]).toEqual([0, 0]);
});
