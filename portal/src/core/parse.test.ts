import { expect, test } from "vitest";
import {
  furthest,
  newerSession,
  parseMessage,
  parseReads,
  parseReadUpdate,
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

test("a session has what staff keeps about it, and nothing of it is required", () => {
  const kept = {
    ...{ assigneeId: "ada", assigneeName: "Ada", team: "payments", language: "de" },
    ...{ tags: ["refund"], priority: "urgent" },
  };
  const assignedAt = "2026-01-01T12:00:01Z";
  expect(parseSession({ ...session, ...kept, assignedAt })).toMatchObject({
    ...kept,
    assignedAt: 1_767_268_801_000_000,
  });
  const none = { assigneeId: null, assignedAt: null, team: null, tags: [], priority: "normal" };
  expect(parseSession(session)).toMatchObject(none);
  const wrong = { assigneeId: 7, assignedAt: "soon", team: {}, tags: "refund", priority: "most" };
  expect(parseSession({ ...session, ...wrong })).toMatchObject(none);
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

const read = { seq: 7, messageId: "M", at: "2026-01-01T12:00:00Z" };

test("reads have the sides that the gateway names", () => {
  const mark = { seq: 7, messageId: "m", at: Date.UTC(2026, 0, 1, 12) * 1000 };
  expect(parseReads({ player: read, staff: read, mine: { seq: 0 } })).toEqual({
    player: mark,
    staff: mark,
    mine: 0,
  });
  expect(parseReads({})).toEqual({ player: null, staff: null, mine: null });
  for (const none of [undefined, null, 7]) expect(parseReads(none)).toBeNull();
  for (const seq of [-1, 1.5, "7", null]) {
    const wrong = parseReads({ player: { ...read, seq }, staff: { ...read, at: "soon" } });
    expect(wrong).toEqual({ player: null, staff: null, mine: null });
  }
});

test("an invalid read update is null", () => {
  const update = { playerId: "p1", readerType: "staff", readAt: read.at, seq: 7, messageId: "M" };
  expect(parseReadUpdate(update)).toMatchObject({
    playerId: "p1",
    readerType: "staff",
    mark: { seq: 7, messageId: "m" },
  });
  for (const wrong of [{ readerType: "robot" }, { seq: "7" }, { readAt: 7 }, { playerId: null }])
    expect(parseReadUpdate({ ...update, ...wrong })).toBeNull();
  for (const wrong of [null, 1, [], {}]) expect(parseReadUpdate(wrong)).toBeNull();
});

test("the furthest of two marks is the later one, whatever their order", () => {
  const [low, high] = [1, 2].map((seq) => ({ seq, messageId: null, at: 10 - seq }));
  if (low === undefined || high === undefined) throw new Error("there are two");
  expect(furthest(low, high)).toBe(high);
  expect(furthest(high, low)).toBe(high);
  expect(furthest(null, low)).toBe(low);
  expect(furthest(low, null)).toBe(low);
});
