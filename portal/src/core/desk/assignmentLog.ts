import { Observable } from "../observable.js";
import { newerSession } from "../parse.js";
import type { Session } from "../types.js";

/** A change of who has an open session, as the thread shows it to staff. */
export interface AssignmentChange {
  readonly changeKey: string;
  /** When it was accepted or, without an assignee, received; in microseconds since 1970. */
  readonly at: number;
  /** The member of the staff who made it; null for the system. */
  readonly actorId: string | null;
  readonly actorName: string | null;
  /** The member who has the session after it; null for none. */
  readonly assigneeId: string | null;
  readonly assigneeName: string | null;
}

/** What is known of one conversation. */
interface Known {
  /** The newest session. */
  readonly session: Session;
  /** In order. */
  readonly changes: readonly AssignmentChange[];
}

/** Of more conversations, those whose sessions changed last are kept. */
const MAX_CONVERSATIONS = 500;

const NO_CHANGES: readonly AssignmentChange[] = [];

/**
 * Who took, gave and put back sessions since the desk was opened, and who got those that were
 * assigned before. A session has only the last change, so that earlier ones are not known.
 */
export class AssignmentLog extends Observable {
  readonly #known = new Map<string, Known>();

  /** The changes of a conversation, in order. */
  of(playerId: string): readonly AssignmentChange[] {
    return this.#known.get(playerId)?.changes ?? NO_CHANGES;
  }

  /** Takes a session of an event or a page, received at `now`, in microseconds since 1970. */
  take(received: Session, now: number): void {
    const { playerId } = received;
    const known = this.#known.get(playerId);
    const session = newerSession(known?.session ?? null, received);
    if (session === known?.session) return;
    const changes = changesAfter(known, session, now);
    this.#known.delete(playerId);
    this.#known.set(playerId, { session, changes });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_CONVERSATIONS) break;
      this.#known.delete(oldest);
    }
    if (changes !== known?.changes) this.changed();
  }
}

function changesAfter(
  known: Known | undefined,
  session: Session,
  now: number,
): readonly AssignmentChange[] {
  const changes = known?.changes ?? NO_CHANGES;
  const { assigneeId, assigneeName, assignedAt, actorId, actorName } = session;
  // A new session begins without an assignee.
  const before = known?.session.id === session.id ? known.session : null;
  const isSame =
    assigneeId === (before?.assigneeId ?? null) && assignedAt === (before?.assignedAt ?? null);
  if (isSame || session.status === "resolved") return changes;
  const last = changes.at(-1);
  const at = assignedAt ?? Math.max(now, (last?.at ?? 0) + 1);
  const change = {
    ...{ at, actorId, actorName, assigneeId, assigneeName },
    changeKey: `${session.id}/${session.version}`,
  };
  // One that was accepted earlier and is processed later corrects the last one.
  const isCorrection = last !== undefined && at <= last.at;
  return [...(isCorrection ? changes.slice(0, -1) : changes), change];
}
