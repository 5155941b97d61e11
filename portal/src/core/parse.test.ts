import { expect, test } from "vitest";
import {
  newerSession,
  parseMessage,
  parseRejection,
  parseSession,
  parseSessionUpdate,
} from "./parse.js";
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

test("an invalid message or session is null", () => {
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

test("newerSession prefers the higher version, and the later session", () => {
  const base = parseSession(session) as Session;
  const taken: Session = { ...base, status: "active", version: 2 };
  const next: Session = { ...base, id: "t", openedAt: base.openedAt + 1 };
  expect(newerSession(null, base)).toBe(base);
  expect(newerSession(base, taken)).toBe(taken);
  expect(newerSession(taken, base)).toBe(taken);
  expect(newerSession(taken, next)).toBe(next);
  expect(newerSession(next, taken)).toBe(next);
  // The event of the same version adds the actor, which the history lacks.
  const byAda = { ...taken, actorId: "ada", actorName: "Ada" };
  expect(newerSession(taken, byAda)).toEqual(byAda);
  expect(newerSession(byAda, taken)).toBe(byAda);
});

test("ids are compared in lower case", () => {
  expect(parseMessage({ ...message, messageId: "ABC-1", sessionId: "S" })).toMatchObject({
    messageId: "abc-1",
    sessionId: "s",
  });
  expect(parseSessionUpdate({ ...session, staleChangeIds: ["ABC", 7] })?.staleChangeIds).toEqual([
    "abc",
  ]);
  expect(parseRejection({ messageId: "ABC", playerId: "P1" })).toMatchObject({
    messageId: "abc",
    playerId: "P1",
  });
});

test("names lose direction controls, and an invisible name is null", () => {
  const nameOf = (playerName: string) => parseMessage({ ...message, playerName })?.playerName;
  expect(nameOf("\u202eoB\u2066")).toBe("oB");
  for (const unseen of ["", " ", "\u200b\u200d", "\u3164", "\u2800", "\u202e", "\u00ad\u{e0020}"])
    expect(nameOf(unseen)).toBeNull();
  for (const seen of ["ליאו", "👩‍👩‍👧", "Zoë", "नि"]) expect(nameOf(seen)).toBe(seen);
});
