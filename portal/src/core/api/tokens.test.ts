import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Tokens } from "./tokens.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Makes a call as the API does: with the token in use, and once more with its replacement. */
async function call(tokens: Tokens, isGood: (token: string | null) => boolean): Promise<boolean> {
  const token = await tokens.current();
  if (isGood(token)) {
    tokens.markAccepted(token);
    return true;
  }
  const newer = await tokens.replacement(token);
  if (newer === null) return false;
  if (!isGood(newer)) tokens.markRefused(newer);
  else tokens.markAccepted(newer);
  return isGood(newer);
}

test("refused tokens sign the user out, and getToken is called less and less often", async () => {
  let given = 0;
  const tokens = new Tokens(null, async () => `bad-${++given}`);
  for (let tenths = 0; tenths < 80; tenths += 1) {
    await call(tokens, () => false);
    expect(tokens.signedOut).toBe(tenths > 0 || given >= 2);
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(given).toBeLessThan(8);
});

test("an accepted token ends the signed-out state", async () => {
  let given = 0;
  const tokens = new Tokens(null, async () => `${++given}`);
  for (let calls = 0; calls < 20; calls += 1) {
    await call(tokens, (token) => Number(token) > 3);
    await vi.advanceTimersByTimeAsync(10_000);
  }
  expect(tokens.signedOut).toBe(false);
  expect(given).toBe(4);
});

test("a token set by the portal is used at once after refused ones", async () => {
  const tokens = new Tokens("a", async () => `b${Math.random()}`);
  for (let calls = 0; calls < 5; calls += 1) await call(tokens, () => false);
  tokens.replace("good", null);
  expect(tokens.signedOut).toBe(false);
  expect(await call(tokens, (token) => token === "good")).toBe(true);
});

test("an expired token is renewed without signing the user out", async () => {
  let good = "1";
  const tokens = new Tokens("1", async () => good);
  for (let hours = 2; hours < 6; hours += 1) {
    good = String(hours);
    expect(await call(tokens, (token) => token === good)).toBe(true);
    expect(tokens.signedOut).toBe(false);
  }
});

test("an error of getToken reaches onError", async () => {
  const errors: unknown[] = [];
  const failing = async () => {
    throw new Error("no session");
  };
  const tokens = new Tokens(null, failing, (error) => errors.push(error));
  expect(await tokens.current()).toBeNull();
  expect(errors).toHaveLength(1);
});
