import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CLIENT_STOPPED, CLIENT_TYPING } from "../realtime/channels.js";
import type { Member } from "./member.js";
import { Typing } from "./typing.js";

const PLAYER: Member = { id: "player", role: "player", name: "Bo" };
const ADA: Member = { id: "staff-1", role: "staff", name: "Ada" };
const GRACE: Member = { id: "staff-2", role: "staff", name: "Grace" };

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-01-01T12:00:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A typing with the given other members, and the events that it has sent. */
function typingWith(...members: Member[]) {
  let others = new Map(members.map((member) => [member.id, member]));
  const sent: string[] = [];
  const typing = new Typing({ others: () => others, send: (event) => sent.push(event) });
  typing.membersChanged();
  const setMembers = (...now: Member[]) => {
    others = new Map(now.map((member) => [member.id, member]));
    typing.membersChanged();
  };
  return { typing, sent, setMembers };
}

const names = (typing: Typing) => typing.typists.map(({ name }) => name);
const pass = (ms: number) => vi.advanceTimersByTime(ms);

/** Edits the text each `everyMs` milliseconds for `ms` milliseconds. */
function write(typing: Typing, ms: number, everyMs = 100): void {
  for (let passed = 0; passed < ms; passed += everyMs) {
    typing.edited("x".repeat(passed / everyMs + 1));
    pass(everyMs);
  }
}

test("the first key sends at once, and further ones every three seconds", () => {
  const { typing, sent } = typingWith(PLAYER);
  typing.edited("H");
  expect(sent).toEqual([CLIENT_TYPING]);
  pass(100);
  write(typing, 2_800);
  expect(sent).toHaveLength(1);
  write(typing, 200);
  expect(sent).toHaveLength(2);
});

test("a text that does not change sends nothing more", () => {
  const { typing, sent } = typingWith(PLAYER);
  typing.edited("Hello");
  pass(60_000);
  expect(sent).toEqual([CLIENT_TYPING]);
});

test("a minute of typing sends at most 22 events", () => {
  const { typing, sent } = typingWith(PLAYER);
  write(typing, 60_000);
  typing.stop();
  expect(sent.length).toBeLessThanOrEqual(22);
  expect(sent.length).toBeGreaterThanOrEqual(20);
  expect(sent.at(-1)).toBe(CLIENT_STOPPED);
});

test("a user who is alone sends nothing", () => {
  const { typing, sent } = typingWith();
  write(typing, 10_000);
  typing.stop();
  expect(sent).toEqual([]);
});

test("a user who empties the text, or stops, sends it once", () => {
  for (const end of [(typing: Typing) => typing.edited("  "), (typing: Typing) => typing.stop()]) {
    const { typing, sent } = typingWith(PLAYER);
    typing.edited("H");
    pass(500);
    end(typing);
    end(typing);
    expect(sent).toEqual([CLIENT_TYPING, CLIENT_STOPPED]);
  }
});

test("a user whom the others no longer show sends no stop", () => {
  const { typing, sent } = typingWith(PLAYER);
  typing.edited("Hello");
  pass(5_000);
  typing.stop();
  expect(sent).toEqual([CLIENT_TYPING]);
});

test("a user who keeps emptying the text sends less than two events a second", () => {
  const { typing, sent } = typingWith(PLAYER);
  for (let change = 0; change < 600; change += 1) {
    typing.edited(change % 2 === 0 ? "x" : "");
    pass(100);
  }
  expect(sent.length).toBeLessThanOrEqual(2 * 51);
});

test("a new member receives the next key, and members who leave end the sending", () => {
  const { typing, sent, setMembers } = typingWith(PLAYER);
  typing.edited("H");
  pass(1_500);
  setMembers(PLAYER, ADA);
  typing.edited("He");
  expect(sent).toHaveLength(2);
  setMembers();
  write(typing, 10_000);
  typing.stop();
  expect(sent).toHaveLength(2);
});

test("a member is shown for five seconds after the last event", () => {
  const { typing } = typingWith(ADA);
  typing.receive(CLIENT_TYPING, ADA.id);
  expect(names(typing)).toEqual(["Ada"]);
  pass(3_000);
  typing.receive(CLIENT_TYPING, ADA.id);
  pass(4_900);
  expect(names(typing)).toEqual(["Ada"]);
  pass(100);
  expect(names(typing)).toEqual([]);
});

test("a member who stops is no longer shown, however soon", () => {
  const { typing } = typingWith(ADA);
  typing.receive(CLIENT_TYPING, ADA.id);
  typing.receive(CLIENT_STOPPED, ADA.id);
  expect(names(typing)).toEqual([]);
});

test("a message ends the typing of its sender only", () => {
  const { typing } = typingWith(PLAYER, ADA, GRACE);
  for (const { id } of [PLAYER, GRACE, ADA]) typing.receive(CLIENT_TYPING, id);
  expect(names(typing)).toEqual(["Bo", "Grace", "Ada"]);
  typing.receiveMessage({ senderType: "staff", senderName: "Grace" });
  expect(names(typing)).toEqual(["Bo", "Ada"]);
  typing.receiveMessage({ senderType: "player", senderName: "another name" });
  expect(names(typing)).toEqual(["Ada"]);
});

test("a member who leaves is no longer shown", () => {
  const { typing, setMembers } = typingWith(PLAYER, ADA);
  typing.receive(CLIENT_TYPING, PLAYER.id);
  typing.receive(CLIENT_TYPING, ADA.id);
  setMembers(PLAYER);
  expect(names(typing)).toEqual(["Bo"]);
});

test("other names, strangers and events without a sender show nothing", () => {
  const { typing } = typingWith(ADA);
  for (const event of ["client-message-sent", "message-sent", "typing", "client-typing2", ""])
    typing.receive(event, ADA.id);
  typing.receive(CLIENT_TYPING, "staff-9");
  typing.receive(CLIENT_TYPING, undefined);
  expect(names(typing)).toEqual([]);
});

test("of a member one event a second is taken, of another its own", () => {
  const { typing } = typingWith(ADA, GRACE);
  typing.receive(CLIENT_TYPING, ADA.id);
  typing.receive(CLIENT_STOPPED, ADA.id);
  pass(900);
  typing.receive(CLIENT_TYPING, ADA.id);
  typing.receive(CLIENT_TYPING, GRACE.id);
  expect(names(typing)).toEqual(["Grace"]);
  pass(100);
  typing.receive(CLIENT_TYPING, ADA.id);
  expect(names(typing)).toEqual(["Grace", "Ada"]);
});

test("repeated events change nothing and announce a member once a minute", () => {
  const { typing } = typingWith(ADA);
  const announced: (string | null)[] = [];
  const changes = vi.fn();
  typing.onBegin(({ name }) => announced.push(name));
  typing.subscribe(changes);
  for (let second = 0; second < 30; second += 2) {
    typing.receive(CLIENT_TYPING, ADA.id);
    pass(2_000);
  }
  expect(changes).toHaveBeenCalledTimes(1);
  typing.receive(CLIENT_STOPPED, ADA.id);
  typing.receive(CLIENT_TYPING, ADA.id);
  expect(announced).toEqual(["Ada"]);
  pass(31_000);
  typing.receive(CLIENT_TYPING, ADA.id);
  expect(announced).toEqual(["Ada", "Ada"]);
});
