import { expect, test } from "vitest";
import { type Entry, Timeline } from "../conversation/timeline.js";
import type { AssignmentChange } from "../desk/assignmentLog.js";
import { asidesOf } from "./asides.js";
import { Interleaved, idOf } from "./interleaved.js";
import type { NoteEntry } from "./noteEntry.js";

const message = (at: number, state?: "sending"): Entry => ({
  messageId: `m${at}`,
  playerId: "p1",
  playerName: null,
  senderType: "staff",
  senderId: null,
  senderName: null,
  content: "",
  at,
  seq: null,
  sessionId: null,
  truncated: false,
  attachments: [],
  source: state === undefined ? "history" : "outbox",
  delivery: state === undefined ? null : { state },
});
const note = (at: number, state?: "sending"): NoteEntry => ({
  noteId: `n${at}`,
  playerId: "p1",
  sessionId: null,
  authorId: null,
  authorName: null,
  content: "",
  mentions: [],
  at,
  truncated: false,
  source: "history",
  delivery: state === undefined ? null : { state },
});

const change = (at: number): AssignmentChange => ({
  changeKey: `c${at}`,
  at,
  actorId: null,
  actorName: null,
  assigneeId: null,
  assigneeName: null,
});

function order(
  messages: Entry[],
  notes: NoteEntry[],
  changes: AssignmentChange[] = [],
): (string | undefined)[] {
  const timeline = new Timeline();
  for (const each of messages) timeline.put(each);
  const items = new Interleaved(timeline, asidesOf(notes, changes, 0));
  return Array.from({ length: items.length }, (_, place) => {
    const item = items.at(place);
    if (item?.kind === "message") expect(timeline.at(item.index)).toBe(item.entry);
    return item && idOf(item);
  });
}

test("notes and changes are among the messages by time, and unsent ones come last", () => {
  const messages = [message(1), message(3), message(5), message(9, "sending")];
  const notes = [note(0), note(2), note(4), note(4.5), note(6), note(7, "sending")];
  expect(order(messages, notes)).toEqual([
    "n0",
    "m1",
    "n2",
    "m3",
    "n4",
    "n4.5",
    "m5",
    "n6",
    "m9",
    "n7",
  ]);
  expect(order(messages, [note(4), note(7, "sending")], [change(2), change(6)])).toEqual([
    "m1",
    "c2",
    "m3",
    "n4",
    "m5",
    "c6",
    "m9",
    "n7",
  ]);
  expect(order([], [note(1), note(2)])).toEqual(["n1", "n2"]);
  expect(order([message(1)], [])).toEqual(["m1"]);
});
