/** This many texts are remembered. */
const MAX_TEXTS = 20;
/** A text of a note is recognized within other text from this length on, in characters. */
const LEAST_LENGTH = 12;

const plain = (text: string): string => text.replace(/\s+/g, " ").trim().toLowerCase();

/**
 * The texts that the user has copied, cut or dragged out of notes. A reply that has one of them is
 * not sent without a question.
 */
export class NoteTexts {
  readonly #key: string;
  readonly #storage: Storage | null;
  #texts: string[];

  /** `scope` separates the users and systems of one browser. */
  constructor(scope: string, storage: Storage | null) {
    this.#key = `player-portal-chat/note-texts/${scope}`;
    this.#storage = storage;
    this.#texts = this.#load();
  }

  remember(text: string): void {
    const added = plain(text);
    if (added === "") return;
    this.#texts = [added, ...this.#texts.filter((each) => each !== added)].slice(0, MAX_TEXTS);
    try {
      this.#storage?.setItem(this.#key, JSON.stringify(this.#texts));
    } catch {
      // Storage is full: the texts last as long as the tab.
    }
  }

  /**
   * Whether `reply` has the text of a note: one that was copied, or one of `notes`, in whole or a
   * longer part.
   */
  isIn(reply: string, notes: readonly string[]): boolean {
    const sent = plain(reply);
    if (sent === "") return false;
    const has = (text: string) => text.length >= LEAST_LENGTH && sent.includes(text);
    // A short text that was copied counts only if it is all that is sent.
    if (this.#texts.some((text) => text === sent || has(text))) return true;
    return notes
      .map(plain)
      .some((note) => has(note) || (sent.length >= LEAST_LENGTH && note.includes(sent)));
  }

  #load(): string[] {
    try {
      const kept: unknown = JSON.parse(this.#storage?.getItem(this.#key) ?? "[]");
      return Array.isArray(kept) ? kept.filter((each) => typeof each === "string") : [];
    } catch {
      return [];
    }
  }
}
