import { expect, test } from "vitest";
import { add, boxOf, EMPTY, redo, remove, thinned, undo, type Region } from "../src/document";

const rect = (op: Region["op"] = "add", x = 1): Region => ({ kind: "rect", op, x, y: 2, width: 3, height: 4 });

test("undo takes steps back one by one, redo brings them again, a new step forgets what was undone", () => {
  const two = add(add(EMPTY, rect()), rect("subtract"));
  const one = undo(two);
  expect(one.done).toEqual([rect()]);
  expect(redo(one)).toEqual(two);
  expect(undo(undo(one))).toEqual({ done: [], undone: [rect(), rect("subtract")] });
  expect(add(one, rect("add", 9)).undone).toEqual([]);
});

test("the first step always adds, whatever it was drawn as, and whatever is removed before it", () => {
  expect(add(EMPTY, rect("subtract")).done[0]?.op).toBe("add");
  expect(remove(add(add(EMPTY, rect()), rect("subtract", 5)), 0).done).toEqual([rect("add", 5)]);
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
