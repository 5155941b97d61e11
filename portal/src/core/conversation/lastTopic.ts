/** The topic that the player chose for the last session, as this browser remembers it. */
export class LastTopic {
  readonly #key: string;
  readonly #storage: Storage | null;

  /** `scope` separates the users and systems of one browser. */
  constructor(scope: string, storage: Storage | null) {
    this.#key = `player-portal-chat/topic/${scope}`;
    this.#storage = storage;
  }

  /** The id of a team; null or empty for none. */
  get(): string | null {
    try {
      return this.#storage?.getItem(this.#key) ?? null;
    } catch {
      return null;
    }
  }

  keep(topic: string | null): void {
    try {
      this.#storage?.setItem(this.#key, topic ?? "");
    } catch {
      // Without storage the player chooses again.
    }
  }
}
