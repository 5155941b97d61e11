import type { Unsubscribe } from "../observable.js";

/** What staff asks of an open session. */
export type Assignment =
  /** The user takes it, if no member of the staff has it. */
  | { readonly action: "claim" }
  /** A member of the staff gets it, also from another. */
  | { readonly action: "assign"; readonly assigneeId: string; readonly assigneeName: string | null }
  /** No member has it any more; it goes to the pile of `team`, or to the one in which it was. */
  | { readonly action: "release"; readonly team: string | null };

/** Whether both ask for the same. */
export function isSameAssignment(a: Assignment, b: Assignment): boolean {
  if (a.action === "assign") return b.action === "assign" && a.assigneeId === b.assigneeId;
  if (a.action === "release") return b.action === "release" && a.team === b.team;
  return b.action === "claim";
}

/** How long the user's own action explains that a conversation changes hands, in milliseconds. */
const EXPECTED_MS = 2 * 60_000;

/**
 * The conversations that are about to change hands by an action of the user, in any tab: the desk
 * does not announce them.
 */
export class OwnAssignments {
  readonly #key: string;
  readonly #storage: Storage | null;
  /** When each was asked for, in milliseconds since 1970. */
  readonly #expected = new Map<string, number>();

  constructor(scope: string, storage: Storage | null) {
    this.#key = `player-portal-chat/taken/${scope}`;
    this.#storage = storage;
  }

  /** Adds the conversations of other tabs until the returned function is called. */
  watch(): Unsubscribe {
    const apply = ({ key, newValue }: StorageEvent) => {
      if (key === this.#key && newValue !== null) this.#expected.set(newValue, Date.now());
    };
    globalThis.addEventListener?.("storage", apply);
    return () => globalThis.removeEventListener?.("storage", apply);
  }

  expect(playerId: string): void {
    this.#expected.set(playerId, Date.now());
    try {
      // Other tabs receive an event only when the value changes.
      this.#storage?.removeItem(this.#key);
      this.#storage?.setItem(this.#key, playerId);
    } catch {
      // Without storage the other tabs announce the conversation.
    }
  }

  /** Whether the user has asked for a change of hands since the last call, and not long ago. */
  take(playerId: string): boolean {
    const at = this.#expected.get(playerId);
    this.#expected.delete(playerId);
    return at !== undefined && Date.now() - at < EXPECTED_MS;
  }
}
