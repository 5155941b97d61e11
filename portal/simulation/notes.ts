import { compare } from "../src/core/order.js";
import type { Note } from "../src/core/types.js";
import { json, rfc3339 } from "./wire.js";

/** The most mentions that the gateway finds in a note. */
const MAX_MENTIONS = 10;

/** The stored notes of all conversations. */
export class NoteStore {
  readonly #notes = new Map<string, Note>();

  /** Writes a note unless one with its id is stored; returns the stored one. */
  write(note: Note): Note {
    const known = this.#notes.get(note.noteId);
    if (known !== undefined) return known;
    this.#notes.set(note.noteId, note);
    return note;
  }

  /** A conversation's notes, the oldest first. */
  of(playerId: string): Note[] {
    return [...this.#notes.values()]
      .filter((note) => note.playerId === playerId)
      .sort((a, b) =>
        compare({ at: a.at, messageId: a.noteId }, { at: b.at, messageId: b.noteId }),
      );
  }

  /** Erases the content of a conversation's notes. */
  erase(playerId: string): void {
    for (const note of this.of(playerId))
      this.#notes.set(note.noteId, { ...note, content: "", authorName: null, mentions: [] });
  }
}

/** The ids that `content` mentions, as the gateway finds them. */
export function mentionsIn(content: string): string[] {
  const found = [...content.matchAll(/(?:^|[\s(])@([\w.=-]+)/g)].map(([, id = ""]) =>
    id.replace(/[.]+$/, ""),
  );
  return [...new Set(found)].slice(0, MAX_MENTIONS);
}

/** A note, as a page has it. */
export function noteOf({ at, content, truncated, playerId, sessionId, ...note }: Note) {
  return {
    noteId: note.noteId,
    ...(sessionId === null ? {} : { sessionId }),
    ...(note.authorId === null ? {} : { authorId: note.authorId }),
    ...(note.authorName === null ? {} : { authorName: note.authorName }),
    content,
    mentions: note.mentions,
    acceptedAt: rfc3339(at),
    ...(content === "" ? { erased: true } : {}),
  };
}

/** A page of a conversation's notes. */
export function readNotes(notes: readonly Note[], query: URLSearchParams): Response {
  const limit = Number(query.get("limit") ?? 50);
  const before = query.get("before");
  const end = before === null ? notes.length : notes.findIndex(({ noteId }) => noteId === before);
  const start = Math.max(0, end - limit);
  const nextCursor = start > 0 ? (notes[start]?.noteId ?? null) : null;
  return json(200, { notes: notes.slice(start, end).map(noteOf), nextCursor });
}
