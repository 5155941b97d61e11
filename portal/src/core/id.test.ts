import { expect, test } from "vitest";
import { newId } from "./id.js";

test("an id is a UUID of version 7 that begins with the time", () => {
  const id = newId(Date.UTC(2026, 0, 1));
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(id.startsWith("019b76da-a800-7")).toBe(true);
});

test("ids that are made at one time differ", () => {
  expect(new Set(Array.from({ length: 100 }, () => newId(0))).size).toBe(100);
});
