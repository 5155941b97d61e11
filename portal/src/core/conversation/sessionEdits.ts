import type { Failure } from "../api/failure.js";
import { Observable, type Unsubscribe } from "../observable.js";
import type { Priority, Session } from "../types.js";
import type { Conversation } from "./conversation.js";

/** A change of a session's tags or priority. */
export interface SessionEdit {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  readonly priority?: Priority;
}

/**
 * Why the last change has no effect.
 * - `refused`: the gateway refuses it; `failure` has its reason
 * - `failed`: the gateway could not be asked
 * - `stale`: the session had ended before it
 * - `unknown`: it was accepted, but its effect has not arrived
 */
export type EditProblem =
  | { readonly kind: "refused" | "failed"; readonly failure: Failure }
  | { readonly kind: "stale" | "unknown" };

interface Pending extends SessionEdit {
  readonly changeId: string;
  readonly sessionId: string;
}

/** What the desk shows of a session. */
export interface ShownFacts {
  readonly tags: readonly string[];
  readonly priority: Priority;
  /** Whether a change of them has not arrived yet. */
  readonly isPending: boolean;
}

/** The longest time from acceptance to effect, in milliseconds. */
const EFFECT_WITHIN_MS = 15_000;

/**
 * Changes the tags and the priority of a conversation's session. A change shows at once, until the
 * session has it or the gateway has refused it.
 */
export class SessionEdits extends Observable {
  readonly #conversation: Conversation;
  #pending: readonly Pending[] = [];
  #problem: EditProblem | null = null;

  constructor(conversation: Conversation) {
    super();
    this.#conversation = conversation;
  }

  /** Why the last change has no effect; null when it has one, or may still have. */
  get problem(): EditProblem | null {
    return this.#problem;
  }

  /** The tags and the priority of `session`, with the user's changes that are on their way. */
  facts({ id, tags, priority }: Session): ShownFacts {
    const own = this.#pending.filter(({ sessionId }) => sessionId === id);
    const shown = new Set(tags);
    let current = priority;
    for (const { add = [], remove = [], priority } of own) {
      for (const tag of add) shown.add(tag);
      for (const tag of remove) shown.delete(tag);
      current = priority ?? current;
    }
    return { tags: [...shown], priority: current, isPending: own.length > 0 };
  }

  /** Follows the conversation until the returned function is called. */
  watch(): Unsubscribe {
    return this.#conversation.subscribe(() => this.#settle());
  }

  /** Requests a change of the session on the screen. */
  async change(edit: SessionEdit): Promise<void> {
    const { session } = this.#conversation;
    if (session === null) return;
    const { add = [], remove = [], priority } = edit;
    const hasTags = add.length > 0 || remove.length > 0;
    const { changeId, outcome } = this.#conversation.edit({
      ...(hasTags ? { tags: { add: [...add], remove: [...remove] } } : {}),
      ...(priority === undefined ? {} : { priority }),
    });
    this.#problem = null;
    this.#pending = [...this.#pending, { ...edit, changeId, sessionId: session.id }];
    this.changed();
    const result = await outcome;
    if (result !== null && !result.ok) {
      const { failure } = result;
      this.#drop(changeId, { kind: failure.kind === "refused" ? "refused" : "failed", failure });
    } else {
      setTimeout(() => this.#drop(changeId, { kind: "unknown" }), EFFECT_WITHIN_MS);
    }
  }

  #settle(): void {
    const { session } = this.#conversation;
    for (const pending of this.#pending) {
      if (this.#conversation.isStale(pending.changeId))
        this.#drop(pending.changeId, { kind: "stale" });
      else if (session !== null && hasEffect(pending, session)) this.#drop(pending.changeId, null);
    }
  }

  #drop(changeId: string, problem: EditProblem | null): void {
    const rest = this.#pending.filter((pending) => pending.changeId !== changeId);
    if (rest.length === this.#pending.length) return;
    this.#pending = rest;
    if (problem !== null) this.#problem = problem;
    this.changed();
  }
}

/** Whether the session is as the change wants it, or a later session has begun. */
function hasEffect({ sessionId, add = [], remove = [], priority }: Pending, session: Session) {
  if (session.id !== sessionId) return true;
  return (
    add.every((tag) => session.tags.includes(tag)) &&
    !remove.some((tag) => session.tags.includes(tag)) &&
    (priority === undefined || session.priority === priority)
  );
}
