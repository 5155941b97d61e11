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
  take(): void;
  resolve(): void;
}

interface Asked {
  readonly status: "active" | "resolved";
  readonly sessionId: string;
  readonly changeId: string;
  readonly state: "waiting" | "failed" | "late";
}

/** It has been accepted: so long its effect may take, in milliseconds. */
const DONE_WITHIN_MS = 15_000;

/** Takes and resolves the session of `conversation`, by the member of the staff `actorId`. */
export function useStatusChange(conversation: Conversation | null, actorId: string): StatusChange {
  const [asked, setAsked] = useState<Asked | null>(null);
  const session = conversation?.session ?? null;
  const isStale = asked !== null && conversation?.isStale(asked.changeId) === true;
  const isDone = asked !== null && isStale === false && isAsAsked(asked, session);
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
    async (status: "active" | "resolved") => {
      const sessionId = conversation?.session?.id;
      if (conversation === null || sessionId === undefined || isWaiting) return;
      const { changeId, outcome } = conversation.changeStatus(status);
      setAsked({ status, sessionId, changeId, state: "waiting" });
      if ((await outcome).ok) return;
      setAsked((before) =>
        before?.changeId === changeId ? { ...before, state: "failed" } : before,
      );
    },
    [conversation, isWaiting],
  );
  const status = session?.status ?? null;
  const take = useCallback(() => status === "pending" && void ask("active"), [ask, status]);
  const resolve = useCallback(() => {
    if (status === "pending" || status === "active") void ask("resolved");
  }, [ask, status]);
  return {
    asked: isWaiting ? asked.status : null,
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
  if (asked.state === "waiting") return null;
  return asked.state === "failed" ? "failed" : "unknown";
}
