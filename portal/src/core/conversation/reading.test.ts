import { afterEach, expect, test } from "vitest";
import { ADA, PLAYER, SimulatedBrowser, type SimulatedPortal } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";
import type { ReadMarksSetting } from "../config.js";
import type { Inbox } from "../inbox/inbox.js";

const { system, portal } = simulate();
const GRACE = { role: "staff", subject: "grace", name: "Grace" } as const;
let inboxes: Inbox[] = [];
afterEach(() => {
  for (const inbox of inboxes.splice(0)) inbox.close();
});

const playerSends = (content: string, playerId = "p1") =>
  system().send({ playerId, senderType: "player", content });
const staffSends = (content: string) =>
  system().send({ playerId: "p1", senderType: "staff", senderId: "ada", content });
const read = (reader: string) => system().store.conversation("p1").reads.get(reader)?.seq ?? null;

async function player(setting: ReadMarksSetting = "both"): Promise<SimulatedPortal> {
  system().readMarks = setting;
  const bo = portal();
  await seconds(20);
  return bo;
}

/** A settled desk with the conversation of `p1` open. */
async function desk(identity: typeof ADA | typeof GRACE = ADA) {
  if (system().readMarks === "off") system().readMarks = "both";
  const staff = portal({ identity });
  const inbox = staff.chat.inbox();
  inbox.open();
  inboxes = [...inboxes, inbox];
  await seconds(20);
  const unread = (playerId = "p1") => {
    const row = inbox.row(playerId);
    return row === undefined ? undefined : inbox.unreadCount(row);
  };
  return { staff, inbox, unread };
}

test("a mark names the other side's newest message and reaches the gateway", async () => {
  const bo = await player();
  staffSends("hello");
  const last = staffSends("still there?");
  playerSends("yes");
  await seconds(1);
  bo.conversation.markRead();
  await seconds(1);
  expect(system().marks.map(({ messageId }) => messageId)).toEqual([last.messageId]);
  expect(read("player")).toBe(2);
});

test("messages that the user reads one by one are marked every two seconds at most", async () => {
  const bo = await player();
  for (let number = 1; number <= 100; number += 1) {
    staffSends(`message ${number}`);
    await seconds(0.2);
    bo.conversation.markRead();
  }
  await seconds(5);
  expect(system().marks.length).toBeLessThanOrEqual(13);
  expect(read("player")).toBe(100);
});

test("a mark that has not grown is not sent", async () => {
  const bo = await player();
  staffSends("hello");
  await seconds(1);
  bo.conversation.markRead();
  await seconds(3);
  playerSends("hi");
  await seconds(1);
  bo.conversation.markRead();
  await seconds(3);
  expect(system().marks).toHaveLength(1);
  // Another tab, whose history has the mark.
  const other = portal();
  await seconds(3);
  other.conversation.markRead();
  await seconds(3);
  expect(system().marks).toHaveLength(1);
});

test("a waiting mark is sent at once when the page is left or hidden", async () => {
  for (const leave of [
    (bo: SimulatedPortal) => bo.environment.leave(),
    (bo: SimulatedPortal) => bo.environment.set({ visible: false }),
    (bo: SimulatedPortal) => bo.chat.close(),
  ]) {
    const bo = await player();
    staffSends("first");
    await seconds(1);
    bo.conversation.markRead();
    await seconds(0.2);
    const last = staffSends("second");
    await seconds(0.2);
    bo.conversation.markRead();
    leave(bo);
    await seconds(0.1);
    expect(system().marks.at(-1)?.messageId).toBe(last.messageId);
  }
});

test("without read marks at the gateway nothing is sent", async () => {
  const bo = await player("off");
  const { at } = staffSends("hello");
  await seconds(1);
  bo.conversation.markRead();
  bo.environment.leave();
  await seconds(10);
  expect(system().marks).toEqual([]);
  expect(bo.chat.readUpTo("p1")).toBe(at);
  expect(bo.conversation.reads.otherSide).toBeNull();
});

test("a gateway that refuses a mark gets no other one", async () => {
  for (const status of [403, 404]) {
    const bo = await player();
    system().marks.splice(0);
    system().faults.markRefusal = status;
    staffSends("hello");
    await seconds(1);
    bo.conversation.markRead();
    await seconds(3);
    staffSends("hello again");
    await seconds(1);
    bo.conversation.markRead();
    await seconds(30);
    expect(system().marks).toHaveLength(1);
    system().faults.markRefusal = null;
    bo.close();
  }
});

test("a mark is repeated until the gateway accepts it, not before Retry-After", async () => {
  const bo = await player();
  staffSends("hello");
  await seconds(1);
  system().faults.sendsFail = true;
  bo.conversation.markRead();
  await seconds(0.5);
  expect(system().marks).toHaveLength(1);
  // The gateway asked for a second, which leaving the page does not shorten.
  bo.environment.leave();
  await seconds(0.4);
  expect(system().marks).toHaveLength(1);
  await seconds(10);
  const attempts = system().marks.length;
  expect(attempts).toBeGreaterThan(1);
  expect(attempts).toBeLessThan(8);
  system().faults.sendsFail = false;
  await seconds(30);
  expect(read("player")).toBe(1);
});

test("a mark that fails while the page is hidden is sent again", async () => {
  const bo = await player();
  staffSends("hello");
  await seconds(1);
  system().faults.networkFails = true;
  bo.conversation.markRead();
  bo.environment.set({ visible: false });
  await seconds(1);
  expect(read("player")).toBeNull();
  system().faults.networkFails = false;
  bo.environment.set({ visible: true });
  await seconds(5);
  expect(read("player")).toBe(1);
});

test("a mark waits for a token that the gateway accepts", async () => {
  system().readMarks = "both";
  system().faults.token = "new";
  const bo = portal({ token: "new" });
  await seconds(20);
  staffSends("hello");
  await seconds(1);
  system().faults.token = "newer";
  bo.conversation.markRead();
  await seconds(3);
  expect(read("player")).toBeNull();
  bo.chat.replaceToken("newer", null);
  await seconds(3);
  expect(read("player")).toBe(1);
});

test("a mark whose message was not stored yet is repeated until the history has it", async () => {
  for (const identity of [PLAYER, ADA]) {
    system().readMarks = "both";
    const page = portal({ identity });
    await seconds(20);
    const from = identity.role === "player" ? "staff" : "player";
    system().faults.persist = [8_000, 8_000];
    system().send({ playerId: "p1", senderType: from, content: "hello" });
    await seconds(1);
    page.conversation.markRead();
    system().faults.persist = [5, 30];
    await seconds(4);
    const reader = identity.role === "player" ? "player" : "staff:ada";
    expect(read(reader)).toBeNull();
    await seconds(40);
    expect(read(reader)).toBe(system().store.conversation("p1").lastSeq);
    const sent = system().marks.length;
    await seconds(300);
    expect(system().marks).toHaveLength(sent);
    system().marks.splice(0);
  }
});

test("a mark that is stored is sent once", async () => {
  const { staff } = await desk();
  playerSends("hello");
  await seconds(1);
  staff.conversation.markRead();
  await seconds(300);
  expect(system().marks).toHaveLength(1);
});

test("the player sees how far staff have read, with both only", async () => {
  const bo = await player();
  playerSends("one");
  await seconds(1);
  playerSends("two");
  await seconds(1);
  expect(bo.conversation.reads.lastRead()).toBeUndefined();
  const { staff } = await desk();
  const three = playerSends("three");
  staff.conversation.markRead();
  await seconds(3);
  expect(bo.conversation.reads.lastRead()?.content).toBe("two");
  staff.conversation.markRead();
  await seconds(3);
  expect(bo.conversation.reads.lastRead()?.content).toBe("three");
  expect(bo.conversation.reads.otherSide?.messageId).toBe(three.messageId);
  for (const setting of ["staff", "off"] as const) {
    const other = await player(setting);
    expect(other.conversation.reads.lastRead()).toBeUndefined();
  }
});

test("staff see which of their messages the player has read", async () => {
  const bo = await player("staff");
  const { staff } = await desk();
  staff.conversation.send("one");
  await seconds(2);
  bo.conversation.markRead();
  await seconds(2);
  staff.conversation.send("two");
  await seconds(2);
  staff.conversation.refresh();
  await seconds(1);
  const receipts = staff.entries().map((entry) => staff.conversation.reads.receiptOf(entry));
  expect(receipts).toEqual(["read", "stored"]);
});

test("what is known of a mark never goes down", async () => {
  const bo = await player();
  playerSends("one");
  await seconds(1);
  playerSends("two");
  const { staff } = await desk();
  staff.conversation.markRead();
  await seconds(3);
  expect(bo.conversation.reads.otherSide?.seq).toBe(2);
  // A colleague who has read less, and an answer from before.
  const [first] = system().store.conversation("p1").messages;
  system().store.conversation("p1").reads.clear();
  system().mark({ playerId: "p1", reader: "staff:grace", messageId: first?.messageId ?? "" });
  bo.conversation.refresh();
  await seconds(3);
  expect(read("staff:grace")).toBe(1);
  expect(bo.conversation.reads.otherSide?.seq).toBe(2);
});

test("a message that is stored after a later one is marked too", async () => {
  const { staff, unread, inbox } = await desk();
  system().faults.persist = [4_000, 4_000];
  playerSends("one");
  system().faults.persist = [5, 30];
  playerSends("two");
  await seconds(2);
  staff.conversation.markRead();
  await seconds(90);
  expect(read("staff:ada")).toBe(2);
  inbox.refresh();
  await seconds(1);
  expect(unread()).toBe(0);
});

test("a desk counts unread messages from pages, events and its own marks", async () => {
  playerSends("one");
  playerSends("two");
  await seconds(1);
  const { staff, inbox, unread } = await desk();
  expect(unread()).toBe(2);
  playerSends("three");
  await seconds(1);
  expect(unread()).toBe(3);
  staff.conversation.markRead();
  expect(unread()).toBe(0);
  expect(inbox.unread("pending")).toBe(0);
  // A page that the gateway read before the mark.
  inbox.refresh();
  await seconds(1);
  expect(unread()).toBe(0);
  playerSends("four");
  await seconds(1);
  expect(unread()).toBe(1);
  await seconds(120);
  expect(unread()).toBe(1);
  for (let number = 0; number < 150; number += 1) playerSends("more");
  await seconds(120);
  expect(unread()).toBe(100);
});

test("what one desk reads another desk of the user has with its next page", async () => {
  playerSends("hello");
  await seconds(1);
  const first = await desk();
  const second = await desk();
  expect(second.unread()).toBe(1);
  first.staff.conversation.markRead();
  await seconds(1);
  second.inbox.refresh();
  await seconds(1);
  expect(second.unread()).toBe(0);
  // A colleague's desk keeps its own count.
  const colleague = await desk(GRACE);
  expect(colleague.unread()).toBe(1);
});

test("a mark as unread reaches another desk of the user", async () => {
  playerSends("one");
  await seconds(1);
  staffSends("answer");
  await seconds(1);
  for (const content of ["two", "three"]) playerSends(content);
  await seconds(1);
  const first = await desk();
  first.staff.conversation.markRead();
  await seconds(20);
  const second = await desk();
  expect([first.unread(), second.unread()]).toEqual([0, 0]);
  first.staff.conversation.markUnread();
  await seconds(3);
  expect(first.unread()).toBe(1);
  second.inbox.refresh();
  second.staff.conversation.refresh();
  await seconds(1);
  expect(second.unread()).toBe(2);
  // The second desk knows where the unread part begins.
  const before = system().store.conversation("p1").messages.at(-3);
  expect(second.staff.chat.readUpTo("p1")).toBe(before?.at);
  second.staff.conversation.markRead();
  await seconds(20);
  expect(read("staff:ada")).toBe(4);
  first.inbox.refresh();
  await seconds(1);
  expect(first.unread()).toBe(0);
});

test("a gateway that refuses marks leaves the desk with those of its browser", async () => {
  playerSends("hello");
  await seconds(1);
  const { staff, inbox } = await desk();
  system().faults.markRefusal = 404;
  expect(inbox.unread("pending")).toBe(1);
  staff.conversation.markRead();
  await seconds(100);
  expect(inbox.unread("pending")).toBe(0);
});

test("an answer from before a mark does not take the mark back", async () => {
  playerSends("one");
  await seconds(1);
  const { staff, unread } = await desk();
  staff.conversation.markRead();
  await seconds(20);
  const { at } = playerSends("two");
  await seconds(1);
  system().faults.persist = [5_000, 5_000];
  staff.conversation.markRead();
  await seconds(1);
  staff.conversation.refresh();
  await seconds(1);
  expect(staff.chat.readUpTo("p1")).toBe(at);
  expect(unread()).toBe(0);
});

test("a refused mark hides what was known of the other side", async () => {
  const bo = await player();
  playerSends("one");
  await seconds(1);
  const { staff } = await desk();
  staff.conversation.markRead();
  await seconds(3);
  expect(bo.conversation.reads.lastRead()?.content).toBe("one");
  staffSends("answer");
  await seconds(1);
  system().faults.markRefusal = 404;
  bo.conversation.markRead();
  await seconds(3);
  expect(bo.conversation.reads.lastRead()).toBeUndefined();
});

test("a player's devices share their mark", async () => {
  const phone = await player();
  const laptop = portal({ browser: new SimulatedBrowser() });
  await seconds(20);
  const { at } = staffSends("hello");
  await seconds(1);
  phone.conversation.markRead();
  await seconds(1);
  expect(laptop.chat.readUpTo("p1")).toBe(at);
});
