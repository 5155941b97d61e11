import { expect, test } from "vitest";
import { newerSession, parseMessage, parseSession } from "./parse.js";
import type { Session } from "./types.js";

const message = {
  messageId: "m",
  playerId: "p1",
  senderType: "player",
  content: "hello",
  acceptedAt: "2026-01-01T12:00:00Z",
};
const session = {
  id: "s",
  playerId: "p1",
  status: "pending",
  openedAt: "2026-01-01T12:00:00Z",
  lastMessageAt: "2026-01-01T12:00:00Z",
  resolvedAt: null,
  version: 1,
};

test("what is no message or session is none", () => {
  expect(parseMessage(message)?.content).toBe("hello");
  expect(parseSession(session)?.status).toBe("pending");
  for (const wrong of [null, 1, "text", [], {}]) {
    expect(parseMessage(wrong)).toBeNull();
    expect(parseSession(wrong)).toBeNull();
  }
  expect(parseMessage({ ...message, senderType: "robot" })).toBeNull();
  expect(parseMessage({ ...message, acceptedAt: "soon" })).toBeNull();
  expect(parseMessage({ ...message, content: 7 })).toBeNull();
  expect(parseSession({ ...session, status: "lost" })).toBeNull();
  expect(parseSession({ ...session, version: "1" })).toBeNull();
});

test("of two states of a session the higher version is the newer, of two sessions the later", () => {
  const base = parseSession(session) as Session;
  const taken: Session = { ...base, status: "active", version: 2 };
  const next: Session = { ...base, id: "t", openedAt: base.openedAt + 1 };
  expect(newerSession(null, base)).toBe(base);
  expect(newerSession(base, taken)).toBe(taken);
  expect(newerSession(taken, base)).toBe(taken);
  expect(newerSession(taken, next)).toBe(next);
  expect(newerSession(next, taken)).toBe(next);
});
