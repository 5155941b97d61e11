import { notifyAll } from "../listeners.js";
import { Observable, type Unsubscribe } from "../observable.js";
import type { Note } from "../types.js";

/** How many notes are remembered, so that none is announced twice. */
const MAX_REMEMBERED = 500;

/** The notes that mention the user, and the conversations in which the user has not seen one. */
export class Mentions extends Observable {
  readonly #subject: string;
  readonly #key: string;
  readonly #storage: Storage | null;
  readonly #remembered = new Set<string>();
  readonly #listeners = new Set<(note: Note) => void>();
  /** The number of unseen notes by conversation. */
  readonly #unseen: Map<string, number>;

  /** `scope` separates the users and systems of one browser; `subject` is the user's id. */
  constructor(subject: string, scope: string, storage: Storage | null) {
    super();
    this.#subject = subject;
    this.#key = `player-portal-chat/mentions/${scope}`;
    this.#storage = storage;
    this.#unseen = this.#load();
  }

  /** The number of notes of a conversation that mention the user and that the user has not seen. */
  of(playerId: string): number {
    return this.#unseen.get(playerId) ?? 0;
  }

  /** The conversations with such a note. */
  get playerIds(): readonly string[] {
    return [...this.#unseen.keys()];
  }

  /** Takes a note of an event. */
  take(note: Note): void {
    const { noteId, playerId, authorId, mentions } = note;
    if (authorId === this.#subject || !mentions.includes(this.#subject)) return;
    if (this.#remembered.has(noteId)) return;
    this.#remembered.add(noteId);
    for (const oldest of this.#remembered) {
      if (this.#remembered.size <= MAX_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
    this.#unseen.set(playerId, this.of(playerId) + 1);
    this.#store();
    notifyAll(this.#listeners, note);
  }

  /** The user has seen the notes of a conversation. */
  seen(playerId: string): void {
    if (this.#unseen.delete(playerId)) this.#store();
  }

  /** Calls `listener` once with each note that mentions the user. */
  onMention(listener: (note: Note) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #store(): void {
    try {
      if (this.#unseen.size === 0) this.#storage?.removeItem(this.#key);
      else this.#storage?.setItem(this.#key, JSON.stringify([...this.#unseen]));
    } catch {
      // Storage is full: what is unseen lasts as long as the tab.
    }
    this.changed();
  }

  #load(): Map<string, number> {
    try {
      const kept: unknown = JSON.parse(this.#storage?.getItem(this.#key) ?? "[]");
      return new Map(kept as [string, number][]);
    } catch {
      return new Map();
    }
  }
}
