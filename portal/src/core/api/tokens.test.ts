import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Tokens } from "./tokens.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Calls as the API does: with the token in use, and once more when there is another. */
async function call(tokens: Tokens, isGood: (token: string | null) => boolean): Promise<boolean> {
  const token = await tokens.current();
  if (isGood(token)) {
    tokens.accept(token);
    return true;
  }
  const newer = await tokens.after(token);
  if (newer === null) return false;
  if (!isGood(newer)) tokens.refuse(newer);
  else tokens.accept(newer);
  return isGood(newer);
}

test("a portal whose tokens are all refused is signed out, and asked for others less and less often", async () => {
  let given = 0;
  const tokens = new Tokens(null, async () => `bad-${++given}`);
  for (let tenths = 0; tenths < 80; tenths += 1) {
    await call(tokens, () => false);
    expect(tokens.signedOut).toBe(tenths > 0 || given >= 2);
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(given).toBeLessThan(8);
});

test("a token that is accepted after refused ones ends that", async () => {
  let given = 0;
  const tokens = new Tokens(null, async () => `${++given}`);
  for (let calls = 0; calls < 20; calls += 1) {
    await call(tokens, (token) => Number(token) > 3);
    await vi.advanceTimersByTimeAsync(10_000);
  }
  expect(tokens.signedOut).toBe(false);
  expect(given).toBe(4);
});

test("a token of the portal's own is tried at once, whatever was refused before", async () => {
  const tokens = new Tokens("a", async () => `b${Math.random()}`);
  for (let calls = 0; calls < 5; calls += 1) await call(tokens, () => false);
  tokens.replace("good", null);
  expect(tokens.signedOut).toBe(false);
  expect(await call(tokens, (token) => token === "good")).toBe(true);
});

test("a token that expires later is renewed without signing out", async () => {
  let good = "1";
  const tokens = new Tokens("1", async () => good);
  for (let hours = 2; hours < 6; hours += 1) {
    good = String(hours);
    expect(await call(tokens, (token) => token === good)).toBe(true);
    expect(tokens.signedOut).toBe(false);
  }
});

test("a getToken that fails is told", async () => {
  const errors: unknown[] = [];
  const failing = async () => {
    throw new Error("no session");
  };
  const tokens = new Tokens(null, failing, (error) => errors.push(error));
  expect(await tokens.current()).toBeNull();
  expect(errors).toHaveLength(1);
});
