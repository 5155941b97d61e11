import { expect, test } from "vitest";
import { compare, micros, position } from "./order.js";

test("times differ by microseconds, whatever their number of digits", () => {
  const times = [
    "2026-01-01T12:00:00Z",
    "2026-01-01T12:00:00.000001Z",
    "2026-01-01T12:00:00.001Z",
    "2026-01-01T12:00:00.001001Z",
    "2026-01-01T12:00:01Z",
  ];
  const parsed = times.map(micros);
  expect(parsed).toEqual([...parsed].sort((a, b) => a - b));
  expect(new Set(parsed).size).toBe(times.length);
  expect(micros("2026-01-01T14:00:00+02:00")).toBe(micros(times[0] ?? ""));
});

test("an invalid time is NaN", () => {
  for (const text of ["", "yesterday", "2026-01-01", "2026-01-01T12:00:00"]) {
    expect(micros(text)).toBeNaN();
  }
});

test("messages of the same time sort by id", () => {
  const [a, b, c] = [
    { at: 1, messageId: "b" },
    { at: 1, messageId: "c" },
    { at: 2, messageId: "a" },
  ];
  expect(compare(a, b)).toBeLessThan(0);
  expect(compare(b, a)).toBeGreaterThan(0);
  expect(compare(c, a)).toBeGreaterThan(0);
  expect(compare(a, { ...a })).toBe(0);
  expect(position([a, c], b)).toBe(1);
});
