import { useCallback, useEffect, useState } from "react";
import type { Failure } from "../core/api/failure.js";
import type { Conversation } from "../core/conversation/conversation.js";
import { type Assignment, isSameAssignment } from "../core/desk/assignment.js";
import type { Session } from "../core/types.js";

/**
 * Why an assignment had no effect, or has none yet.
 * - `failed`: the gateway did not accept it
 * - `signedOut`: the gateway did not accept the user's token
 * - `unknownColleague`: the gateway does not know the colleague
 * - `refused`: the gateway refused it for another reason
 * - `ended`: the session was resolved, or another one was opened, before it
 * - `colleague`: another member of the staff has the session
 * - `late`: it was accepted, and waits for the database
 */
export type AssignmentProblem =
  | "failed"
  | "signedOut"
  | "unknownColleague"
  | "refused"
  | "ended"
  | "colleague"
  | "late";

/** Takes, gives and puts back the open session, with the progress of the last request. */
export interface AssignmentState {
  /** The assignment that has not taken effect yet. */
  readonly asked: Assignment | null;
  readonly problem: AssignmentProblem | null;
  /** The assignment that has just taken effect. */
  readonly done: Assignment | null;
  ask(assignment: Assignment): void;
}

interface Asked {
  readonly assignment: Assignment;
  readonly changeId: string;
  readonly sessionId: string;
  /** Who had the session when it was asked. */
  readonly before: string | null;
  readonly state: "waiting" | AssignmentProblem;
}

/** After this long without an effect the user is told that it is late, in milliseconds. */
const LATE_AFTER_MS = 15_000;
/** How long the user is told that it took effect, in milliseconds. */
const DONE_FOR_MS = 10_000;

/** Assigns the conversation's session as the member of the staff `userId`. */
export function useAssignment(conversation: Conversation | null, userId: string): AssignmentState {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [done, setDone] = useState<Assignment | null>(null);
  const assigned = asked?.assignment;
  const session = conversation?.session ?? null;
  const isPending = asked?.state === "waiting" || asked?.state === "late";
  const isStale = isPending && conversation?.isStale(asked.changeId) === true;
  const result = isPending ? resultOf(asked, session, isStale, userId) : null;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a request belongs to one conversation
  useEffect(() => {
    setAsked(null);
    setDone(null);
  }, [conversation]);
  useEffect(() => {
    if (result === "done") {
      setAsked(null);
      setDone(assigned ?? null);
    } else if (result !== null) setAsked((before) => before && { ...before, state: result });
  }, [result, assigned]);
  useEffect(() => {
    if (done === null) return;
    const timer = setTimeout(() => setDone(null), DONE_FOR_MS);
    return () => clearTimeout(timer);
  }, [done]);
  const isWaiting = asked?.state === "waiting" && result === null;
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setTimeout(
      () => setAsked((before) => before && { ...before, state: "late" }),
      LATE_AFTER_MS,
    );
    return () => clearTimeout(timer);
  }, [isWaiting]);

  const ask = useCallback(
    async (assignment: Assignment) => {
      const open = conversation?.session;
      if (conversation === null || open == null || open.status === "resolved" || isPending) return;
      const isRetry =
        asked?.state === "failed" &&
        asked.sessionId === open.id &&
        isSameAssignment(asked.assignment, assignment);
      const { changeId, outcome } = conversation.assign(
        assignment,
        isRetry ? asked.changeId : undefined,
      );
      const { id: sessionId, assigneeId: before } = open;
      setAsked({ assignment, changeId, sessionId, before, state: "waiting" });
      setDone(null);
      const answer = await outcome;
      if (answer === null || answer.ok) return;
      const state = problemOf(answer.failure);
      setAsked((now) => (now?.changeId === changeId ? { ...now, state } : now));
    },
    [conversation, asked, isPending],
  );
  return {
    asked: isPending && result === null ? asked.assignment : null,
    problem: result === "done" || asked?.state === "waiting" ? null : (asked?.state ?? null),
    done,
    ask: (assignment) => void ask(assignment),
  };
}

/** How an accepted assignment has ended; null while it has not. */
function resultOf(
  { assignment, sessionId, before }: Asked,
  session: Session | null,
  isStale: boolean,
  userId: string,
): "done" | "ended" | "colleague" | null {
  if (session === null) return null;
  const { assigneeId } = session;
  const wanted = {
    claim: userId,
    assign: assignment.action === "assign" ? assignment.assigneeId : null,
    release: null,
  }[assignment.action];
  if (session.id !== sessionId || session.status === "resolved" || isStale) return "ended";
  if (assigneeId === wanted) return "done";
  // Before its effect the session has its former assignee.
  return assigneeId === before || assigneeId === null ? null : "colleague";
}

function problemOf(failure: Failure): AssignmentProblem {
  if (failure.kind === "signedOut") return "signedOut";
  if (failure.kind !== "refused") return "failed";
  if (failure.field === "assigneeId") return "unknownColleague";
  return failure.field === "action" ? "ended" : "refused";
}
