import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Clock } from "./clock.js";

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-01-01T12:00:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

test("the clock returns the gateway's time when the machine's is wrong", () => {
  const clock = new Clock();
  expect(clock.now()).toBe(Date.now());
  clock.adjust("Thu, 01 Jan 2026 12:20:00 GMT");
  expect(Math.abs(clock.now() - Date.parse("2026-01-01T12:20:00Z"))).toBeLessThan(1_000);
  vi.advanceTimersByTime(60_000);
  expect(Math.abs(clock.now() - Date.parse("2026-01-01T12:21:00Z"))).toBeLessThan(1_000);
  clock.adjust("Thu, 01 Jan 2026 12:01:01 GMT");
  expect(clock.now()).toBe(Date.now());
  for (const nothing of [null, "", "soon"]) clock.adjust(nothing);
  expect(clock.now()).toBe(Date.now());
});

test("the clock notifies its listeners when the difference changes, and not on each answer", () => {
  const clock = new Clock();
  const listener = vi.fn();
  clock.subscribe(listener);
  for (const seconds of ["00", "01", "02"]) clock.adjust(`Thu, 01 Jan 2026 12:20:${seconds} GMT`);
  expect(listener).toHaveBeenCalledTimes(1);
});
