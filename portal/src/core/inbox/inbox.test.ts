import { afterEach, expect, test } from "vitest";
import { ADA, type SimulatedPortal } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";
import type { Inbox } from "./inbox.js";

const { system, portal } = simulate();
let inboxes: Inbox[] = [];
afterEach(() => {
  for (const inbox of inboxes.splice(0)) inbox.close();
});

function desk(): { ada: SimulatedPortal; inbox: Inbox } {
  const ada = portal({ identity: ADA });
  const inbox = ada.chat.inbox();
  inbox.open();
  inboxes = [...inboxes, inbox];
  return { ada, inbox };
}

const playerSends = (playerId: string, content: string) =>
  system().send({ playerId, playerName: `name of ${playerId}`, senderType: "player", content });
const staffAnswers = (playerId: string, content: string) =>
  system().send({ playerId, senderType: "staff", senderId: "grace", content });
const ids = (rows: { playerId: string }[]) => rows.map(({ playerId }) => playerId);

test("pending rows are sorted by the longest wait and counted", async () => {
  playerSends("early", "hello");
  await seconds(10);
  playerSends("late", "hello");
  await seconds(5);
  const { inbox } = desk();
  await seconds(2);
  playerSends("latest", "hello");
  playerSends("early", "still there?");
  await seconds(2);
  expect(ids(inbox.list("pending"))).toEqual(["early", "late", "latest"]);
  expect(inbox.count("pending")).toEqual({ count: 3, more: false });
  expect(inbox.row("early")?.unanswered).toBe(2);
  expect(inbox.row("early")?.playerName).toBe("name of early");
});

test("a row moves to the list of its session's status", async () => {
  const { ada, inbox } = desk();
  playerSends("p1", "hello");
  await seconds(2);
  staffAnswers("p1", "hi");
  await seconds(1);
  expect(ids(inbox.list("active"))).toEqual(["p1"]);
  expect(inbox.row("p1")?.unanswered).toBe(0);
  expect(inbox.row("p1")?.waitingSince).toBeNull();
  void ada.chat.changeStatus("p1", "resolved");
  await seconds(1);
  expect(ids(inbox.list("resolved"))).toEqual(["p1"]);
  playerSends("p1", "one more thing");
  await seconds(1);
  expect(ids(inbox.list("pending"))).toEqual(["p1"]);
  expect(inbox.row("p1")?.unanswered).toBe(1);
});

test("a repeated event counts and arrives once", async () => {
  const { inbox } = desk();
  const arrived: string[] = [];
  inbox.onArrival(({ content }) => arrived.push(content));
  await seconds(1);
  system().faults.repeatEvent = 1;
  playerSends("p1", "one");
  await seconds(1);
  playerSends("p1", "two");
  await seconds(1);
  expect(inbox.row("p1")?.unanswered).toBe(2);
  expect(arrived).toEqual(["one", "two"]);
});

test("a session resolved during an absence leaves the list", async () => {
  const { inbox } = desk();
  playerSends("gone", "hello");
  await seconds(2);
  system().faults.pusherFails = true;
  system().disconnect();
  system().store.resolve("gone", system().now());
  for (let number = 1; number <= 200; number += 1) {
    system().persist({ playerId: `p${number}`, senderType: "player", content: "hello" });
    system().store.resolve(`p${number}`, system().now());
  }
  await seconds(6);
  expect(inbox.row("gone")).toBeUndefined();
  expect(inbox.count("pending").count).toBe(0);
});

test("missed changes are applied by polling", async () => {
  const { inbox } = desk();
  playerSends("gone", "hello");
  playerSends("stays", "hello");
  await seconds(2);
  system().faults.pusherFails = true;
  system().disconnect();
  staffAnswers("gone", "done");
  playerSends("new", "hello");
  await seconds(6);
  expect(ids(inbox.list("pending")).sort()).toEqual(["new", "stays"]);
  expect(inbox.link).toBe("polling");
});

test("polled messages arrive like those of events", async () => {
  const { inbox } = desk();
  const arrived: string[] = [];
  inbox.onArrival(({ content }) => arrived.push(content));
  playerSends("p1", "by event");
  await seconds(2);
  system().faults.pusherFails = true;
  system().disconnect();
  playerSends("p1", "by polling");
  await seconds(6);
  expect(arrived).toEqual(["by event", "by polling"]);
});

test("a conversation is unread until it is read, and again after the next message", async () => {
  const { ada, inbox } = desk();
  const unread = () => inbox.list("pending").map((row) => inbox.isUnread(row));
  const { at } = playerSends("p1", "hello");
  await seconds(1);
  expect(unread()).toEqual([true]);
  ada.chat.markRead("p1", at);
  expect(unread()).toEqual([false]);
  playerSends("p1", "hello?");
  await seconds(1);
  expect(unread()).toEqual([true]);
});

test("a change of status is retried while the gateway is busy", async () => {
  const { ada, inbox } = desk();
  playerSends("p1", "hello");
  await seconds(2);
  system().faults.sendsFail = true;
  const outcome = ada.chat.changeStatus("p1", "active");
  await seconds(1);
  system().faults.sendsFail = false;
  await seconds(5);
  expect((await outcome).ok).toBe(true);
  expect(ids(inbox.list("active"))).toEqual(["p1"]);
});

test("a partly loaded list says that there is more, and loads it", async () => {
  for (let number = 1; number <= 250; number += 1) {
    system().persist({ playerId: `p${number}`, senderType: "player", content: "hello" });
    system().store.resolve(`p${number}`, system().now());
  }
  const { inbox } = desk();
  await seconds(2);
  expect(inbox.hasLoaded("resolved")).toBe(false);
  inbox.wantResolved(true);
  await seconds(1);
  expect(inbox.count("resolved")).toEqual({ count: 200, more: true });
  await Promise.all([inbox.loadMore("resolved"), seconds(1)]);
  expect(inbox.count("resolved")).toEqual({ count: 250, more: false });
});

test("the desk reads all open conversations once, the longest waiting first", async () => {
  for (let number = 1; number <= 450; number += 1) {
    system().persist({ playerId: `p${number}`, senderType: "player", content: "hello" });
  }
  const before = system().calls;
  const { inbox } = desk();
  await seconds(2);
  expect(ids(inbox.list("pending")).slice(0, 2)).toEqual(["p1", "p2"]);
  expect(inbox.count("pending")).toEqual({ count: 450, more: false });
  // Three pages, at once and after the subscription; and p1's history, as often.
  expect(system().calls - before).toBeLessThanOrEqual(8);
});

test("unanswered messages are counted up to the gateway's maximum", async () => {
  const { inbox } = desk();
  await seconds(1);
  system().faults = { ...system().faults, latency: [5, 5], broadcast: [5, 5] };
  for (let number = 0; number < 120; number += 1) playerSends("p1", `message ${number}`);
  await seconds(2);
  expect(inbox.row("p1")?.unanswered).toBe(100);
  await seconds(60);
  expect(inbox.row("p1")?.unanswered).toBe(100);
});

test("an active row waits since the first unanswered message", async () => {
  const { inbox } = desk();
  playerSends("p1", "hello");
  await seconds(2);
  staffAnswers("p1", "hi");
  await seconds(2);
  const { at } = playerSends("p1", "first question");
  await seconds(2);
  playerSends("p1", "second question");
  await seconds(70);
  expect(inbox.row("p1")?.waitingSince).toBe(at);
});

test("a staff message after the resolution keeps the conversation resolved", async () => {
  const { ada, inbox } = desk();
  playerSends("p1", "hello");
  await seconds(2);
  void ada.chat.changeStatus("p1", "resolved");
  await seconds(2);
  staffAnswers("p1", "bye");
  await seconds(2);
  expect(ids(inbox.list("active"))).toEqual([]);
  expect(ids(inbox.list("resolved"))).toEqual(["p1"]);
});
