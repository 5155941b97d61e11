import { expect, test } from "vitest";
import { Features } from "./features.js";

const CONFIG = { pusher: { key: "key" }, channelAccess: "private" } as const;

/** A storage that keeps texts, as a browser's does. */
function storage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  } as never;
}

test("a visit begins with the kind of desk of the last one, and follows the configuration", () => {
  const browser = storage();
  new Features("a", browser).configure({ ...CONFIG, teamDesk: true, topics: ["payments"] });
  const next = new Features("a", browser);
  expect([next.teamDesk, next.isKnown, next.topics]).toEqual([true, false, []]);
  expect(new Features("b", browser).teamDesk).toBe(false);
  next.configure({ ...CONFIG, topics: ["payments"] });
  expect([next.teamDesk, next.isKnown, next.topics]).toEqual([false, true, []]);
  expect(new Features("a", browser).teamDesk).toBe(false);
});
