import { afterEach, expect, test } from "vitest";
import { ADA, type SimulatedPortal } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";
import type { Inbox } from "./inbox.js";

const { system, portal } = simulate();
let inboxes: Inbox[] = [];
afterEach(() => {
  for (const inbox of inboxes.splice(0)) inbox.close();
});

/**
 * A settled desk with the conversation of `p1` open. It receives one event a second, and none of
 * the open conversation's own channel: digests alone announce its messages.
 */
async function desk(listed = 50): Promise<{ ada: SimulatedPortal; inbox: Inbox }> {
  system().bounds = { most: 1, listed };
  const ada = portal({ identity: ADA });
  ada.transport?.silentChannels.add("private-player-p1");
  const inbox = ada.chat.inbox();
  inbox.open();
  inboxes = [...inboxes, inbox];
  await seconds(20);
  return { ada, inbox };
}

const playerSends = (playerId: string, content: string) =>
  system().send({ playerId, playerName: `name of ${playerId}`, senderType: "player", content });
const staffAnswers = (playerId: string, content: string) =>
  system().send({ playerId, senderType: "staff", senderId: "grace", content });
const ids = (rows: { playerId: string }[]) => rows.map(({ playerId }) => playerId);
/** Uses up the one event of this second, so that the next messages come in a digest. */
const busy = () => playerSends("busy", "hello");

test("a digest counts and sorts rows before their messages are loaded", async () => {
  const { ada, inbox } = await desk();
  for (const player of ["p1", "p2"]) staffAnswers(player, "hello");
  await seconds(1);
  system().faults.readsFail = true;
  system().faults.repeatEvent = 1;
  busy();
  await seconds(0.1);
  for (const content of ["one", "two", "three"]) playerSends("p1", content);
  playerSends("p2", "one");
  await seconds(1);
  expect(ids(inbox.list("active"))).toEqual(["p2", "p1"]);
  expect(inbox.row("p1")?.unanswered).toBe(3);
  expect(inbox.row("p2")?.told).not.toBeNull();
  const read = () => inbox.list("active").map((row) => !inbox.isUnread(row));
  expect(read()).toEqual([false, false]);
  for (const player of ["p1", "p2"]) ada.chat.markRead(player, system().now());
  expect(read()).toEqual([true, true]);
});

test("the content of a digest's messages loads within three seconds and arrives once", async () => {
  const { ada, inbox } = await desk();
  const arrived: string[] = [];
  inbox.onArrival(({ content }) => arrived.push(content));
  busy();
  await seconds(0.1);
  for (const content of ["one", "two", "three"]) playerSends("p1", content);
  playerSends("p2", "only");
  await seconds(1);
  expect(ada.contents()).toEqual(["one", "two", "three"]);
  await seconds(2);
  const [p1, p2] = ["p1", "p2"].map((player) => inbox.row(player));
  expect([p1?.lastMessage?.content, p1?.unanswered, p1?.told]).toEqual(["three", 3, null]);
  expect([p2?.lastMessage?.content, p2?.unanswered, p2?.told]).toEqual(["only", 1, null]);
  expect(p2?.playerName).toBe("name of p2");
  await seconds(120);
  expect(arrived.sort()).toEqual(["hello", "only", "three"]);
});

test("messages repeated by events and digests count once", async () => {
  const { ada, inbox } = await desk();
  system().faults.repeatEvent = 1;
  busy();
  await seconds(0.1);
  const first = playerSends("p1", "first");
  playerSends("p1", "second");
  await seconds(3);
  // Repeated in a digest with a new message, as after a crash of a broadcaster.
  busy();
  await seconds(0.1);
  system().send(first);
  playerSends("p1", "third");
  await seconds(3);
  expect(inbox.row("p1")?.unanswered).toBe(3);
  expect(ada.contents()).toEqual(["first", "second", "third"]);
});

test("a message accepted twice keeps its first time", async () => {
  const { inbox } = await desk();
  const twice = system().persist({ playerId: "p2", senderType: "player", content: "first" });
  system().persist({ playerId: "p2", senderType: "player", content: "second" });
  busy();
  await seconds(0.1);
  system().send({ ...twice, at: system().now() });
  await seconds(3);
  expect(inbox.row("p2")?.told?.messageId).toBe(twice.messageId);
  await seconds(60);
  expect(inbox.row("p2")?.told).toBeNull();
  expect(inbox.row("p2")?.lastMessage?.content).toBe("second");
  expect(inbox.row("p2")?.unanswered).toBe(2);
});

test("players that a digest does not list are loaded too", async () => {
  const { ada, inbox } = await desk(1);
  system().faults.broadcast = [5, 5];
  busy();
  await seconds(0.1);
  for (const player of ["first", "p1", "p2"]) playerSends(player, `I am ${player}`);
  await seconds(3);
  expect(ada.contents()).toEqual(["I am p1"]);
  for (const player of ["first", "p1", "p2"]) {
    expect(inbox.row(player)?.lastMessage?.content).toBe(`I am ${player}`);
  }
});

test("a message persisted late is loaded once it is stored", async () => {
  const { ada, inbox } = await desk();
  system().faults.persist = [25_000, 25_000];
  busy();
  await seconds(0.1);
  playerSends("p1", "late");
  playerSends("p2", "late");
  await seconds(20);
  expect(inbox.row("p2")?.lastMessage).toBeNull();
  await seconds(20);
  expect(inbox.row("p2")?.lastMessage?.content).toBe("late");
  expect(ada.contents()).toEqual(["late"]);
});

test("the inbox is read about once a second, however many digests arrive", async () => {
  const { ada, inbox } = await desk();
  ada.conversation.close();
  // As from two broadcasters.
  system().faults.repeatEvent = 1;
  await seconds(5);
  const before = system().calls;
  for (let step = 0; step < 200; step += 1) {
    for (let number = 0; number < 5; number += 1)
      playerSends(`p${(step * 5 + number) % 100}`, "hello");
    await seconds(0.1);
  }
  const calls = system().calls - before;
  expect(calls).toBeGreaterThan(10);
  expect(calls).toBeLessThan(30);
  await seconds(15);
  expect(inbox.row("p7")?.unanswered).toBe(10);
  expect(inbox.count("pending").count).toBe(100);
});

test("digests do not count as a stalled subscription", async () => {
  const { ada, inbox } = await desk();
  for (let step = 0; step < 10; step += 1) {
    busy();
    await seconds(0.1);
    for (const content of ["one", "two", "three"]) playerSends("p1", content);
    for (const player of ["p2", "p3"]) playerSends(player, "hello");
    await seconds(9);
    expect([inbox.link, ada.conversation.link]).toEqual(["live", "live"]);
  }
  // A subscription that goes silent is detected.
  if (ada.transport) ada.transport.isSilent = true;
  playerSends("p1", "can you read this?");
  const links = new Set<string>();
  for (let second = 0; second < 70; second += 1) {
    await seconds(1);
    links.add(inbox.link);
  }
  expect(links).toContain("polling");
  // It stays stalled while messages are stored without events.
  for (let second = 0; second < 120; second += 1) {
    if (second % 10 === 0) playerSends("p1", "and now?");
    await seconds(1);
    if (second > 100) expect(inbox.link).toBe("polling");
  }
});

test("a desk that ignores digests loads the messages by polling", async () => {
  const { ada, inbox } = await desk();
  if (ada.transport) ada.transport.ignoredEvent = "new-player-messages";
  busy();
  await seconds(0.1);
  playerSends("p1", "one");
  playerSends("p2", "two");
  await seconds(65);
  expect(ada.contents()).toEqual(["one"]);
  expect(inbox.row("p2")?.lastMessage?.content).toBe("two");
});
