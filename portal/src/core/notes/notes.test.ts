import { afterEach, expect, test } from "vitest";
import { ADA, SimulatedBrowser } from "../../../simulation/index.js";
import { seconds, simulate } from "../../../simulation/setup.js";
import type { Chat } from "../chat.js";
import type { Notes } from "./notes.js";
import { StaffNotes } from "./staffNotes.js";

const { system, portal } = simulate();
const GRACE = { role: "staff", subject: "grace", name: "Grace" } as const;

const open: StaffNotes[] = [];
afterEach(() => {
  for (const notes of open.splice(0)) notes.close();
});

/** The notes of a desk, with the conversation of `p1` on the screen. */
function notesOf(chat: Chat, oldest = 0): { desk: StaffNotes; notes: Notes } {
  const desk = new StaffNotes(chat);
  open.push(desk);
  const notes = desk.show("p1");
  notes.showSince(oldest);
  return { desk, notes };
}

const contents = (notes: Notes) => notes.entries.map(({ content }) => content);
const stored = () =>
  system()
    .notesAndReplies.notes.of("p1")
    .map(({ content }) => content);
const graceNotes = (content: string) =>
  void system().notesAndReplies.addNote({
    ...{ playerId: "p1", content, authorId: "grace", authorName: "Grace" },
  });

test("a note shows at once, reaches another desk and is no message", async () => {
  system().desk.enabled = true;
  const ada = portal({ identity: ADA });
  const grace = portal({ identity: GRACE });
  const [own, theirs] = [notesOf(ada.chat), notesOf(grace.chat)];
  await seconds(5);
  own.notes.add("he wrote to us last week");
  expect(contents(own.notes)).toEqual(["he wrote to us last week"]);
  await seconds(1);
  expect(own.notes.entries[0]?.delivery?.state).toBe("delivered");
  expect(contents(theirs.notes)).toEqual(["he wrote to us last week"]);
  expect(theirs.notes.entries[0]?.authorName).toBe("Ada");
  expect([...ada.contents(), ...grace.contents()]).toEqual([]);
  expect(system().sends).toBe(0);
});

test("a note is repeated with the same id until it is accepted", async () => {
  system().desk.enabled = true;
  const { notes } = notesOf(portal({ identity: ADA }).chat);
  await seconds(5);
  system().faults.loseAnswer = 1;
  notes.add("only once");
  await seconds(4);
  expect(notes.entries).toHaveLength(1);
  system().faults.loseAnswer = 0;
  await seconds(60);
  expect(stored()).toEqual(["only once"]);
  expect(notes.entries.map(({ delivery }) => delivery?.state)).toEqual(["delivered"]);
});

test("an unsent note survives a reload, and is sent as a note", async () => {
  system().desk.enabled = true;
  const browser = new SimulatedBrowser();
  const before = portal({ identity: ADA, browser });
  const first = notesOf(before.chat);
  await seconds(1);
  system().faults.networkFails = true;
  first.notes.add("for colleagues only");
  await seconds(2);
  before.environment.leave();
  before.tab.crash();
  before.close();

  const after = portal({ identity: ADA, browser });
  const { notes } = notesOf(after.chat);
  expect(contents(notes)).toEqual(["for colleagues only"]);
  system().faults.networkFails = false;
  await seconds(60);
  expect(stored()).toEqual(["for colleagues only"]);
  expect(system().sends).toBe(0);
  expect(system().store.conversation("p1").messages).toEqual([]);
  expect(browser.keptNotes.size).toBe(0);
});

test("a refused note stays, and can be deleted", async () => {
  system().desk.enabled = true;
  const { notes } = notesOf(portal({ identity: ADA }).chat);
  await seconds(5);
  notes.add("x".repeat(4_001));
  await seconds(2);
  const [entry] = notes.entries;
  expect(entry?.delivery?.state).toBe("refused");
  notes.discard(entry?.noteId ?? "");
  expect(notes.entries).toEqual([]);
});

test("a note whose event was lost, or is cut, arrives with a page", async () => {
  system().desk.enabled = true;
  const { notes } = notesOf(portal({ identity: ADA }).chat);
  await seconds(20);
  system().faults.longestEvent = 5;
  system().faults.persist = [500, 500];
  graceNotes("a long note");
  await seconds(0.3);
  expect(contents(notes)).toEqual(["a lon"]);
  await seconds(10);
  expect(contents(notes)).toEqual(["a long note"]);
  system().faults.loseEvent = 1;
  graceNotes("unheard");
  await seconds(90);
  expect(contents(notes)).toEqual(["a long note", "unheard"]);
});

test("notes load as far back as the messages on the screen", async () => {
  system().desk.enabled = true;
  const times = Array.from({ length: 250 }, (_, number) => {
    graceNotes(`note ${number + 1}`);
    return system().now();
  });
  await seconds(5);
  const { notes } = notesOf(portal({ identity: ADA }).chat, Number.POSITIVE_INFINITY);
  await seconds(5);
  expect(notes.entries).toEqual([]);
  notes.showSince(times[119] ?? 0);
  await seconds(5);
  expect(contents(notes)[0]).toBe("note 121");
  notes.showSince(0);
  await seconds(5);
  expect(contents(notes)).toEqual(times.map((_, number) => `note ${number + 1}`));
});

test("an erased note has no content", async () => {
  system().desk.enabled = true;
  const { notes } = notesOf(portal({ identity: ADA }).chat);
  graceNotes("the player's address");
  await seconds(20);
  expect(contents(notes)).toEqual(["the player's address"]);
  system().notesAndReplies.notes.erase("p1");
  await seconds(120);
  expect(contents(notes)).toEqual([""]);
});

test("a note in a digest is loaded, and its mentions count", async () => {
  system().desk.enabled = true;
  system().bounds = { most: 1, listed: 50 };
  const ada = notesOf(portal({ identity: ADA }).chat);
  const grace = notesOf(portal({ identity: GRACE }).chat);
  const announced: (string | null)[] = [];
  ada.desk.mentions.onMention(({ content }) => announced.push(content));
  await seconds(5);
  graceNotes("this one has an event");
  await seconds(0.1);
  graceNotes("@ada this one has none");
  await seconds(3);
  expect(contents(ada.notes)).toEqual(["this one has an event", "@ada this one has none"]);
  expect(ada.desk.mentions.all).toEqual([{ playerId: "p1", count: 1, authorName: null }]);
  expect(announced).toEqual([null]);
  expect(grace.desk.mentions.all).toEqual([]);
});

test("a note that mentions the user is announced once and counted until it is seen", async () => {
  system().desk.enabled = true;
  system().faults.repeatEvent = 1;
  const { desk } = notesOf(portal({ identity: ADA }).chat);
  const other = notesOf(portal({ identity: GRACE }).chat).desk;
  const announced: (string | null)[] = [];
  desk.mentions.onMention(({ content }) => announced.push(content));
  await seconds(5);
  graceNotes("@ada please look");
  graceNotes("not for ada");
  await seconds(5);
  expect(announced).toEqual(["@ada please look"]);
  expect(desk.mentions.of("p1")).toBe(1);
  expect(other.mentions.of("p1")).toBe(0);
  desk.mentions.seen("p1");
  expect(desk.mentions.of("p1")).toBe(0);
});
