import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Assignment } from "../src/core/desk/assignment.js";
import type { Inbox } from "../src/core/inbox/inbox.js";
import "../src/core/attachments/attachmentCore.js";
import { StaffNotes } from "../src/core/notes/staffNotes.js";
import {
  ADA,
  ATTACHMENTS,
  type Faults,
  NO_FAULTS,
  SimulatedBrowser,
  SimulatedPortal,
  SimulatedSystem,
  seeded,
} from "./index.js";
import { unanswered, unread } from "./reads.js";

const SEEDS = Number(process.env.SEEDS ?? 25);
const FIRST = Number(process.env.SEED ?? 1);

const BAD: Faults = {
  ...NO_FAULTS,
  latency: [1, 400],
  loseRequest: 0.15,
  loseAnswer: 0.15,
  busy: 0.15,
  broadcastAlone: 0.1,
  persist: [1, 4_000],
  broadcast: [1, 4_000],
  loseEvent: 0.05,
  repeatEvent: 0.3,
  refuseSubscription: 0.3,
  ignoreSubscription: 0.1,
  longestEvent: 40,
  upload: [1, 3_000],
};

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-01-01T12:00:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("all portals converge whatever the network does", () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
    test(`seed ${seed}`, () => run(seed));
  }
});

async function run(seed: number): Promise<void> {
  const random = seeded(seed);
  const system = new SimulatedSystem(random);
  system.faults = { ...BAD };
  // Every other seed uses digests, which list one player only.
  if (seed % 2 === 0) system.bounds = { most: 1, listed: 1 };
  system.desk.enabled = seed % 4 > 1;
  system.desk.teams = ["payments", "appeals"];
  system.desk.add("grace", "Grace");
  if (seed % 3 !== 0) system.readMarks = seed % 3 === 1 ? "both" : "staff";
  if (seed % 3 !== 1) system.attachments.limits = { ...ATTACHMENTS, for: "any" };
  const browser = new SimulatedBrowser();
  const staff = new SimulatedPortal(system, { identity: ADA });
  const inbox = staff.chat.inbox();
  inbox.open();
  let tabs = [new SimulatedPortal(system, { browser }), new SimulatedPortal(system, { browser })];
  const written: string[] = [];
  const staffNotes = system.desk.enabled ? new StaffNotes(staff.chat) : null;
  const notes = staffNotes?.show("p1");
  notes?.showSince(0);
  const noted: string[] = [];
  /** The names of all files. */
  const attached: string[] = [];
  let step = 0;

  const say = (portal: SimulatedPortal | undefined) => {
    const content = `${"long ".repeat(random() < 0.2 ? 20 : 0)}message ${written.length + 1}`;
    written.push(content);
    const staging = random() < 0.3 ? portal?.chat.attachments.current?.staging : undefined;
    const name = `file ${written.length}.log`;
    staging?.add("p1", [new File(["log"], name)]);
    if (staging !== undefined) attached.push(name);
    portal?.conversation.send(content, staging?.take("p1"));
  };
  const any = (): number => Math.floor(random() * tabs.length);
  const actions: (() => void)[] = [
    () => say(staff),
    () => say(tabs[any()]),
    () => say(tabs[any()]),
    () => {
      const others = Math.floor(random() * 12);
      for (let number = 0; number < others; number += 1) {
        const playerId = `other-${number % 4}`;
        const senderType = random() < 0.2 ? "staff" : "player";
        system.send({ playerId, senderType, content: `message ${number}` });
      }
    },
    () => {
      const playerId = `other-${Math.floor(random() * 4)}`;
      void staff.chat.changeStatus(playerId, "resolved");
    },
    () => {
      const assignments: Assignment[] = [
        { action: "claim" },
        { action: "assign", assigneeId: "ada", assigneeName: "Ada" },
        { action: "assign", assigneeId: "grace", assigneeName: "Grace" },
        { action: "release", team: random() < 0.5 ? "payments" : null },
      ];
      const assignment = assignments[Math.floor(random() * assignments.length)];
      if (assignment === undefined || !system.desk.enabled) return;
      if (random() < 0.5) staff.conversation.assign(assignment);
      else {
        const actor = { actorId: "grace", actorName: "Grace" };
        const playerId = `other-${Math.floor(random() * 4)}`;
        const changeId = crypto.randomUUID();
        system.assign({ ...assignment, playerId, changeId, ...actor });
      }
    },
    () => {
      if (!system.desk.enabled) return;
      const content = `${"long ".repeat(random() < 0.2 ? 20 : 0)}note ${noted.length + 1}`;
      noted.push(content);
      if (random() < 0.5) notes?.add(content);
      else {
        const author = { authorId: "grace", authorName: "Grace" };
        system.notesAndReplies.addNote({ playerId: "p1", content, ...author });
      }
    },
    () => {
      if (!system.desk.enabled) return;
      const tag = `tag-${Math.floor(random() * 3)}`;
      if (random() < 0.5)
        staff.conversation.edit({ tags: random() < 0.5 ? { add: [tag] } : { remove: [tag] } });
      else {
        const playerId = `other-${Math.floor(random() * 4)}`;
        system.notesAndReplies.changeSession({ playerId, priority: "urgent" });
      }
    },
    () => staff.conversation.markRead(),
    () => staff.conversation.markUnread(),
    () => tabs[any()]?.conversation.markRead(),
    () => {
      // Another desk of the user.
      const { messages } = system.store.conversation("p1");
      const message = messages[Math.floor(random() * messages.length)];
      if (message !== undefined)
        system.mark({ playerId: "p1", reader: "staff:ada", messageId: message.messageId });
    },
    () => system.disconnect(),
    () => void staff.conversation.loadOlder(),
    () => tabs[any()]?.environment.set({ visible: random() < 0.5 }),
    () => [staff, tabs[any()]][step % 2]?.conversation.presence.typing.edited(`draft ${step}`),
    () => {
      staff.conversation.pause();
      staff.conversation.resume();
    },
    () => {
      const transport = tabs[any()]?.transport;
      if (transport) transport.isSilent = !transport.isSilent;
    },
    // A tab is closed, or crashes, and another is opened.
    () => {
      const at = any();
      const [gone] = tabs.splice(at, 1);
      if (random() < 0.5) gone?.tab.crash();
      gone?.close();
      tabs.push(new SimulatedPortal(system, { browser }));
    },
  ];
  for (; step < 60; step += 1) {
    actions[Math.floor(random() * actions.length)]?.();
    await vi.advanceTimersByTimeAsync(random() * 2_000);
  }

  system.faults = { ...NO_FAULTS };
  tabs = tabs.map((tab) => {
    if (tab.transport) tab.transport.isSilent = false;
    tab.environment.set({ visible: true });
    return tab;
  });
  inbox.wantResolved(true);
  inbox.wantAll(true);
  await vi.advanceTimersByTimeAsync(180_000);

  const { messages } = system.store.conversation("p1");
  const stored = messages.map(({ content }) => content);
  expect([...stored].sort()).toEqual([...written].sort());
  const files = messages.flatMap(({ attachments }) => attachments.map(({ name }) => name));
  expect(files.sort()).toEqual(attached.sort());
  // Everything that a portal has marked as read is read at the gateway in the end.
  staff.conversation.markRead();
  await vi.advanceTimersByTimeAsync(120_000);
  expectReads(staff, tabs, system);
  expect(staff.conversation.presence.isPlayerHere).toBe(true);
  for (const { conversation } of tabs)
    expect(conversation.presence.staff.map(({ name }) => name)).toEqual(["Ada"]);
  for (const { conversation } of [staff, ...tabs])
    expect(conversation.presence.typing.typists).toEqual([]);
  const storedNotes = system.notesAndReplies.notes.of("p1").map(({ content }) => content);
  expect([...storedNotes].sort()).toEqual([...noted].sort());
  if (notes !== undefined) expect(notes.entries.map(({ content }) => content)).toEqual(storedNotes);
  const { tags, priority } = system.store.conversation("p1").session ?? {};
  expect(staff.conversation.session).toMatchObject({ tags, priority });
  staffNotes?.close();
  for (const portal of [staff, ...tabs]) {
    while (portal.conversation.older !== "none") {
      await Promise.all([portal.conversation.loadOlder(), vi.advanceTimersByTimeAsync(1_000)]);
    }
    expect(portal.contents()).toEqual(stored);
    for (const { delivery } of portal.entries())
      expect([undefined, "delivered"]).toContain(delivery?.state);
    portal.close();
  }
  expect(browser.kept.size).toBe(0);
  expect(browser.blobs.kept.size).toBe(0);
  expectSameRows(inbox, system);
  inbox.close();
}

/** Expects the desk to have read all, and each side to know how far the other has read. */
function expectReads(
  staff: SimulatedPortal,
  players: readonly SimulatedPortal[],
  { store, readMarks }: SimulatedSystem,
): void {
  const conversation = store.conversation("p1");
  const seqOf = (reader: string) => conversation.reads.get(reader)?.seq ?? 0;
  const shown = (portal: SimulatedPortal) => portal.conversation.reads.otherSide?.seq ?? 0;
  if (readMarks === "off") {
    expect(conversation.reads.size).toBe(0);
    return;
  }
  expect(unread(conversation, "staff:ada")).toBe(0);
  expect(shown(staff)).toBe(seqOf("player"));
  for (const player of players) {
    // A mark that staff took back stays shown.
    if (readMarks === "both") expect(shown(player)).toBeGreaterThanOrEqual(seqOf("staff:ada"));
    else expect(shown(player)).toBe(0);
  }
}

/** Expects the desk's rows to be those of the gateway. */
function expectSameRows(inbox: Inbox, { store, desk, readMarks }: SimulatedSystem): void {
  for (const status of ["pending", "active", "resolved"] as const) {
    const stored = store.inbox([status]).map(({ playerId, conversation }) => ({
      playerId,
      version: conversation.session?.version,
      assigneeId: conversation.session?.assigneeId,
      last: conversation.messages.at(-1)?.messageId,
      told: null,
      unanswered: unanswered(conversation),
      unread: readMarks === "off" ? null : unread(conversation, "staff:ada"),
    }));
    const rows = inbox.list(status).map((row) => ({
      playerId: row.playerId,
      version: row.session?.version,
      assigneeId: row.session?.assigneeId,
      last: row.lastMessage?.messageId,
      told: row.told,
      unanswered: row.unanswered,
      unread: row.unread,
    }));
    const byPlayer = new Map(rows.map((row) => [row.playerId, row]));
    expect(byPlayer).toEqual(new Map(stored.map((row) => [row.playerId, row])));
  }
  if (!desk.enabled) return;
  for (const [view, assignee] of [
    ["mine", "ada"],
    ["pile", "none"],
  ] as const) {
    const open = store.inbox(["pending", "active"], "waiting", assignee);
    const rows = inbox.list(view).map(({ playerId }) => playerId);
    expect(rows).toEqual(open.map(({ playerId }) => playerId));
  }
}
