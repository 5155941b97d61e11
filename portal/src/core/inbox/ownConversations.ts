import type { OwnAssignments } from "../desk/assignment.js";
import { notifyAll } from "../listeners.js";
import type { Unsubscribe } from "../observable.js";
import type { Identity } from "../types.js";
import { assigneeOf, type Row } from "./row.js";

/** The dependencies of the own conversations. */
interface OwnConversationsParts {
  readonly identity: Identity;
  readonly ownAssignments: OwnAssignments;
}

/** The conversations that the user has, as far as this desk knows, and which of them are new. */
export class OwnConversations {
  readonly #subject: string;
  readonly #ownAssignments: OwnAssignments;
  readonly #changed: () => void;
  readonly #mine = new Set<string>();
  readonly #given = new Set<string>();
  readonly #givenListeners = new Set<(row: Row) => void>();
  readonly #takenListeners = new Set<(row: Row) => void>();

  /** Calls `changed` when the user has opened a given conversation. */
  constructor({ identity, ownAssignments }: OwnConversationsParts, changed: () => void) {
    this.#subject = identity.subject;
    this.#ownAssignments = ownAssignments;
    this.#changed = changed;
  }

  /** Whether the user was given the conversation and has not opened it. */
  isGiven(playerId: string): boolean {
    return this.#given.has(playerId);
  }

  /** The number of conversations that the user was given and has not opened. */
  get given(): number {
    return this.#given.size;
  }

  /** The user has opened a conversation. */
  opened(playerId: string): void {
    if (this.#given.delete(playerId)) this.#changed();
  }

  /** Calls `listener` with each conversation that the user gets without having asked for it. */
  onGiven(listener: (row: Row) => void): Unsubscribe {
    this.#givenListeners.add(listener);
    return () => this.#givenListeners.delete(listener);
  }

  /**
   * Calls `listener` with each conversation of the user that a colleague gets or that goes back to
   * the pile, but not by the user.
   */
  onTaken(listener: (row: Row) => void): Unsubscribe {
    this.#takenListeners.add(listener);
    return () => this.#takenListeners.delete(listener);
  }

  /**
   * Receives a changed row. `isComplete`: whether all conversations of the user were loaded once, so
   * that a further one was given.
   */
  update(before: Row | undefined, row: Row, isComplete: boolean): void {
    const { playerId } = row;
    const was = before && assigneeOf(before);
    const is = assigneeOf(row);
    // A change of hands ends what the user has asked for, with this effect or another.
    const isChange = is !== was && is !== undefined && (was !== undefined || is === this.#subject);
    const isOwn = isChange && this.#ownAssignments.take(playerId);
    const isMine = is === this.#subject && row.status !== "resolved";
    if (isMine === this.#mine.has(playerId)) return;
    const isNews = !isOwn && isComplete;
    if (isMine) {
      this.#mine.add(playerId);
      if (!isNews) return;
      this.#given.add(playerId);
      notifyAll(this.#givenListeners, row);
    } else {
      this.drop(playerId);
      if (isNews && row.status !== "resolved" && is !== undefined)
        notifyAll(this.#takenListeners, row);
    }
  }

  /** Forgets a conversation. */
  drop(playerId: string): void {
    this.#mine.delete(playerId);
    this.#given.delete(playerId);
  }
}
