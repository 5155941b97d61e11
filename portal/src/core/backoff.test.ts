import { expect, test } from "vitest";
import { backoff } from "./backoff.js";

test("the wait doubles up to half a minute, and half of it is random", () => {
  expect(backoff(1, () => 0)).toBe(250);
  expect(backoff(1, () => 1)).toBe(500);
  expect(backoff(3, () => 1)).toBe(2_000);
  expect(backoff(50, () => 1)).toBe(30_000);
});

test("the wait is at least Retry-After, plus jitter", () => {
  expect(backoff(1, () => 0, 5_000)).toBe(5_000);
  expect(backoff(1, () => 1, 5_000)).toBe(6_250);
  expect(backoff(9, () => 1, 1_000)).toBe(30_000);
});
