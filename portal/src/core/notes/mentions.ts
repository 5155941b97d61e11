import { notifyAll } from "../listeners.js";
import { Observable, type Unsubscribe } from "../observable.js";
import type { Digest, Note } from "../types.js";

/** How many notes are remembered, so that none is announced twice. */
const MAX_REMEMBERED = 500;

/** The notes of one conversation that mention the user and that the user has not seen. */
export interface Mention {
  readonly playerId: string;
  readonly count: number;
  /** Who wrote the last of them; null when it is not known. */
  readonly authorName: string | null;
}

/** A mention that has just arrived. */
export interface NewMention {
  /** The same in all tabs of the user. */
  readonly id: string;
  readonly playerId: string;
  readonly authorName: string | null;
  /** The note; null when only a digest has announced it. */
  readonly content: string | null;
}

/** The notes that mention the user, and the conversations in which the user has not seen one. */
export class Mentions extends Observable {
  readonly #subject: string;
  readonly #key: string;
  readonly #storage: Storage | null;
  readonly #remembered = new Set<string>();
  readonly #listeners = new Set<(mention: NewMention) => void>();
  /** What is unseen by conversation, the last mention last. */
  readonly #unseen: Map<string, Mention>;

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
    return this.#unseen.get(playerId)?.count ?? 0;
  }

  /** The conversations with such a note, the last mention first. */
  get all(): readonly Mention[] {
    return [...this.#unseen.values()].reverse();
  }

  /** Takes a note of an event. */
  take(note: Note): void {
    const { noteId, playerId, authorId, authorName, content, mentions } = note;
    if (authorId === this.#subject || !mentions.includes(this.#subject)) return;
    if (this.#remembered.has(noteId)) return;
    this.#remembered.add(noteId);
    for (const oldest of this.#remembered) {
      if (this.#remembered.size <= MAX_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
    this.#add({ id: noteId, playerId, authorName, content });
  }

  /** Takes the notes of a digest, whose authors and contents are not known. */
  takeDigest({ notes, at }: Digest): void {
    for (const { playerId, mentions } of notes) {
      if (!mentions.includes(this.#subject)) continue;
      this.#add({ id: `${playerId}/${at}`, playerId, authorName: null, content: null });
    }
  }

  #add(mention: NewMention): void {
    const { playerId, authorName } = mention;
    const count = this.of(playerId) + 1;
    this.#unseen.delete(playerId);
    this.#unseen.set(playerId, { playerId, count, authorName });
    this.#store();
    notifyAll(this.#listeners, mention);
  }

  /** The user has seen the notes of a conversation. */
  seen(playerId: string): void {
    if (this.#unseen.delete(playerId)) this.#store();
  }

  /** Calls `listener` once with each note that mentions the user, or with a digest's of a player. */
  onMention(listener: (mention: NewMention) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #store(): void {
    try {
      if (this.#unseen.size === 0) this.#storage?.removeItem(this.#key);
      else this.#storage?.setItem(this.#key, JSON.stringify([...this.#unseen.values()]));
    } catch {
      // Storage is full: what is unseen lasts as long as the tab.
    }
    this.changed();
  }

  #load(): Map<string, Mention> {
    try {
      const kept: unknown = JSON.parse(this.#storage?.getItem(this.#key) ?? "[]");
      const mentions = (kept as Mention[]).filter(({ count }) => count > 0);
      return new Map(mentions.map((mention) => [mention.playerId, mention]));
    } catch {
      return new Map();
    }
  }
}
