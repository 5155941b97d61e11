import type { Assignment } from "../src/core/desk/assignment.js";
import type { Session } from "../src/core/types.js";

/** A requested assignment of a session. */
export type RequestedAssignment = Assignment & {
  readonly playerId: string;
  readonly changeId: string;
  readonly sessionId?: string;
  /** The member of the staff who acts; a claim is for this member. */
  readonly actorId: string;
  readonly actorName: string | null;
};

/** An accepted one; `at` is when, in microseconds since 1970. */
export type StoredAssignment = RequestedAssignment & { readonly at: number };

type Assigned = Pick<Session, "assigneeId" | "assigneeName" | "assignedAt" | "team">;

/** The order in which changes of one session take effect, whatever the order of their arrival. */
export const inOrder = (a: StoredAssignment, b: StoredAssignment): number =>
  a.at - b.at || (a.changeId < b.changeId ? -1 : 1);

/** Who has a session after `changes`, which are in order; it began in the pile of `team`. */
export function assignedAfter(changes: readonly StoredAssignment[], team: string | null): Assigned {
  const none = { assigneeId: null, assigneeName: null, assignedAt: null };
  let assigned: Assigned = { ...none, team };
  for (const change of changes) {
    if (change.action === "release") {
      assigned = { ...none, team: change.team ?? assigned.team };
    } else if (change.action === "assign" || assigned.assigneeId === null) {
      const [assigneeId, assigneeName] =
        change.action === "assign"
          ? [change.assigneeId, change.assigneeName ?? null]
          : [change.actorId, change.actorName];
      assigned = { ...assigned, assigneeId, assigneeName, assignedAt: change.at };
    }
  }
  return assigned;
}
