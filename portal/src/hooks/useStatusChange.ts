import { useCallback, useEffect, useState } from "react";
import type { Conversation } from "../core/conversation/conversation.js";
import type { Session } from "../core/types.js";

/**
 * How a change of status has failed.
 * - `failed`: it was not accepted
 * - `playerWrote`: the player wrote meanwhile
 * - `colleague`: a colleague was first
 * - `unknown`: it was accepted, and no effect of it has come
 */
export type ChangeProblem = "failed" | "playerWrote" | "colleague" | "unknown";

/** Taking and resolving a session, and how that goes. */
export interface StatusChange {
  /** What was asked for and is not so yet. */
  readonly asked: "active" | "resolved" | null;
  readonly problem: ChangeProblem | null;
  /** Takes back what was asked for, while that is possible. */
  readonly undo: (() => void) | null;
  /** `undoMs`: for how long it can be undone. */
  take(undoMs?: number): void;
  resolve(undoMs?: number): void;
}

/** For how long a change can be undone, in milliseconds. */
export const UNDO_MS = 5_000;

interface Asked {
  readonly status: "active" | "resolved";
  readonly sessionId: string;
  readonly changeId: string;
  readonly state: "undoable" | "waiting" | "failed" | "late";
  readonly undo: () => void;
}

/** It has been accepted: so long its effect may take, in milliseconds. */
const DONE_WITHIN_MS = 15_000;

/** Takes and resolves the session of `conversation`, by the member of the staff `actorId`. */
export function useStatusChange(conversation: Conversation | null, actorId: string): StatusChange {
  const [asked, setAsked] = useState<Asked | null>(null);
  const session = conversation?.session ?? null;
  const isStale = asked !== null && conversation?.isStale(asked.changeId) === true;
  const isDone = asked !== null && isStale === false && isAsAsked(asked, session);
  const isUndoable = asked?.state === "undoable" && !isStale && !isDone;
  const isWaiting = asked?.state === "waiting" && !isStale && !isDone;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation is another matter
  useEffect(() => setAsked(null), [conversation]);
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setTimeout(
      () => setAsked((before) => before && { ...before, state: "late" }),
      DONE_WITHIN_MS,
    );
    return () => clearTimeout(timer);
  }, [isWaiting]);

  const ask = useCallback(
    async (status: "active" | "resolved", undoMs: number) => {
      const sessionId = conversation?.session?.id;
      if (conversation === null || sessionId === undefined || isWaiting || isUndoable) return;
      const { changeId, outcome, undo } = conversation.changeStatus(status, undoMs);
      const become = (state: Asked["state"]) =>
        setAsked((before) => (before?.changeId === changeId ? { ...before, state } : before));
      setAsked({ status, sessionId, changeId, undo, state: undoMs > 0 ? "undoable" : "waiting" });
      if (undoMs > 0) setTimeout(() => become("waiting"), undoMs);
      const result = await outcome;
      if (result === null) setAsked(null);
      else if (!result.ok) become("failed");
    },
    [conversation, isWaiting, isUndoable],
  );
  const status = session?.status ?? null;
  const take = useCallback(
    (undoMs = 0) => {
      if (status === "pending") void ask("active", undoMs);
    },
    [ask, status],
  );
  const resolve = useCallback(
    (undoMs = UNDO_MS) => {
      if (status === "pending" || status === "active") void ask("resolved", undoMs);
    },
    [ask, status],
  );
  return {
    asked: isWaiting || isUndoable ? asked.status : null,
    undo: isUndoable ? asked.undo : null,
    problem: problemOf({ asked, session, isStale, isDone, actorId }),
    take,
    resolve,
  };
}

function isAsAsked({ status, sessionId }: Asked, session: Session | null): boolean {
  if (session?.id !== sessionId) return false;
  return session.status === status || session.status === "resolved";
}

interface Seen {
  readonly asked: Asked | null;
  readonly session: Session | null;
  readonly isStale: boolean;
  readonly isDone: boolean;
  readonly actorId: string;
}

function problemOf({ asked, session, isStale, isDone, actorId }: Seen): ChangeProblem | null {
  if (asked === null) return null;
  const isColleagues = session?.actorId != null && session.actorId !== actorId;
  if (isStale || isDone) {
    if (isColleagues && isAsAsked(asked, session)) return "colleague";
    return isStale ? "playerWrote" : null;
  }
  if (asked.state === "waiting" || asked.state === "undoable") return null;
  return asked.state === "failed" ? "failed" : "unknown";
}
