import { useCallback, useEffect, useState } from "react";
import type { Conversation } from "../core/conversation/conversation.js";
import type { Session } from "../core/types.js";

/**
 * How a change of status has failed.
 * - `failed`: the gateway did not accept it
 * - `signedOut`: the gateway did not accept the user's token
 * - `playerWrote`: the player wrote meanwhile
 * - `colleague`: a colleague was faster
 * - `unknown`: it was accepted, but its effect has not arrived
 */
export type ChangeProblem = "failed" | "signedOut" | "playerWrote" | "colleague" | "unknown";

/** A change that staff make to a session. */
export type Change = "take" | "resolve" | "reopen";

/** Takes, resolves and reopens a session, with the progress of the last change. */
export interface StatusChange {
  /** The change in progress. */
  readonly asked: Change | null;
  readonly problem: ChangeProblem | null;
  /** Cancels the change in progress; null when that is impossible. */
  readonly undo: (() => void) | null;
  /** `undoMs`: how long the change can be undone. */
  take(undoMs?: number): void;
  resolve(undoMs?: number): void;
  reopen(undoMs?: number): void;
}

/** How long a change can be undone, in milliseconds. */
export const UNDO_MS = 5_000;

interface Asked {
  readonly change: Change;
  readonly sessionId: string;
  readonly changeId: string;
  readonly state: "undoable" | "waiting" | "done" | "failed" | "signedOut" | "late";
  /** Whether a colleague made the same change first. */
  readonly byColleague: boolean;
  readonly undo: () => void;
}

/** The longest time from acceptance to effect, in milliseconds. */
const EFFECT_WITHIN_MS = 15_000;

/** Changes the status of the conversation's session as the staff member `actorId`. */
export function useStatusChange(conversation: Conversation | null, actorId: string): StatusChange {
  const [asked, setAsked] = useState<Asked | null>(null);
  const session = conversation?.session ?? null;
  const isStale = asked !== null && conversation?.isStale(asked.changeId) === true;
  const isPending = asked?.state === "undoable" || asked?.state === "waiting";
  const isDone = isPending && !isStale && isAsAsked(asked, session);
  const isUndoable = asked?.state === "undoable" && !isStale && !isDone;
  const isWaiting = asked?.state === "waiting" && !isStale && !isDone;
  const byColleague = session?.actorId != null && session.actorId !== actorId;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a change belongs to one conversation
  useEffect(() => setAsked(null), [conversation]);
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setTimeout(
      () => setAsked((before) => before && { ...before, state: "late" }),
      EFFECT_WITHIN_MS,
    );
    return () => clearTimeout(timer);
  }, [isWaiting]);
  // Later changes of the session do not belong to this one.
  useEffect(() => {
    if (isDone) setAsked((before) => before && { ...before, state: "done", byColleague });
  }, [isDone, byColleague]);

  const ask = useCallback(
    async (change: Change, undoMs: number) => {
      const sessionId = conversation?.session?.id;
      if (conversation === null || sessionId === undefined || isWaiting || isUndoable) return;
      const status = change === "resolve" ? "resolved" : "active";
      const { changeId, outcome, undo } = conversation.changeStatus(status, undoMs);
      const become = (state: Asked["state"], from?: Asked["state"]) =>
        setAsked((before) => {
          const isSame = before?.changeId === changeId && before.state === (from ?? before.state);
          return isSame ? { ...before, state } : before;
        });
      const state = undoMs > 0 ? "undoable" : "waiting";
      setAsked({ change, sessionId, changeId, undo, state, byColleague: false });
      if (undoMs > 0) setTimeout(() => become("waiting", "undoable"), undoMs);
      const result = await outcome;
      if (result === null) setAsked(null);
      else if (!result.ok) become(result.failure.kind === "signedOut" ? "signedOut" : "failed");
    },
    [conversation, isWaiting, isUndoable],
  );
  const status = session?.status ?? null;
  const take = useCallback(
    (undoMs = 0) => {
      if (status === "pending") void ask("take", undoMs);
    },
    [ask, status],
  );
  const resolve = useCallback(
    (undoMs = UNDO_MS) => {
      if (status === "pending" || status === "active") void ask("resolve", undoMs);
    },
    [ask, status],
  );
  const reopen = useCallback(
    (undoMs = 0) => {
      if (status === "resolved") void ask("reopen", undoMs);
    },
    [ask, status],
  );
  return {
    asked: isWaiting || isUndoable ? asked.change : null,
    undo: isUndoable ? asked.undo : null,
    problem: problemOf({ asked, session, isStale, byColleague }),
    take,
    resolve,
    reopen,
  };
}

/** Whether the session has the requested status, by the user or by a colleague. */
function isAsAsked({ change, sessionId }: Asked, session: Session | null): boolean {
  if (session?.id !== sessionId) return false;
  if (change === "reopen") return session.status === "active";
  return session.status === "resolved" || (change === "take" && session.status === "active");
}

interface Seen {
  readonly asked: Asked | null;
  readonly session: Session | null;
  readonly isStale: boolean;
  readonly byColleague: boolean;
}

function problemOf({ asked, session, isStale, byColleague }: Seen): ChangeProblem | null {
  if (asked === null) return null;
  if (isStale) {
    if (byColleague && isAsAsked(asked, session)) return "colleague";
    // A player's message after the resolution opens a new session, which is visible.
    return asked.change === "reopen" ? null : "playerWrote";
  }
  switch (asked.state) {
    case "undoable":
    case "waiting":
      return null;
    case "done":
      return asked.byColleague ? "colleague" : null;
    case "late":
      return "unknown";
    default:
      return asked.state;
  }
}
