/** What can be shown, left and shown again. */
interface Showable {
  open(): void;
  resume(): void;
  pause(): void;
  close(): void;
}

/** The number of them that stay open, including the one shown. */
const MAX_OPEN = 12;

/** Keeps what was shown last of each player open, so that it is shown again without loading. */
export class RecentlyShown<T extends Showable> {
  readonly #make: (playerId: string) => T;
  readonly #open = new Map<string, T>();

  constructor(make: (playerId: string) => T) {
    this.#make = make;
  }

  /** Opens or resumes that of a player. */
  show(playerId: string): T {
    const known = this.#open.get(playerId);
    const shown = known ?? this.#make(playerId);
    this.#open.delete(playerId);
    this.#open.set(playerId, shown);
    if (known === undefined) shown.open();
    else shown.resume();
    for (const [oldest, least] of this.#open) {
      if (this.#open.size <= MAX_OPEN) break;
      this.#open.delete(oldest);
      least.close();
    }
    return shown;
  }

  leave(shown: T): void {
    shown.pause();
  }

  close(): void {
    for (const shown of this.#open.values()) shown.close();
    this.#open.clear();
  }
}
