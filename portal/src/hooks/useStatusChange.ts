import { useCallback, useEffect, useState } from "react";
import type { Chat } from "../core/chat.js";
import type { SessionStatus } from "../core/types.js";

/** Taking and resolving a session, and how that goes. */
export interface StatusChange {
  /** What was asked for and is not so yet. */
  readonly asked: "active" | "resolved" | null;
  readonly failed: boolean;
  take(): void;
  resolve(): void;
}

/** It has been accepted, and nobody said that it is done: that can be asked again. */
const DONE_WITHIN_MS = 15_000;

/** Takes and resolves the session of `playerId`, which is in `status` as far as is known. */
export function useStatusChange(
  chat: Chat,
  playerId: string | null,
  status: SessionStatus | null,
): StatusChange {
  const [asked, setAsked] = useState<StatusChange["asked"]>(null);
  const [failed, setFailed] = useState(false);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation is another matter
  useEffect(() => {
    setAsked(null);
    setFailed(false);
  }, [playerId]);
  useEffect(() => {
    if (asked === null) return;
    if (status === asked || status === "resolved") setAsked(null);
    const timer = setTimeout(() => setAsked(null), DONE_WITHIN_MS);
    return () => clearTimeout(timer);
  }, [status, asked]);

  const ask = useCallback(
    async (wanted: "active" | "resolved") => {
      if (playerId === null || asked !== null) return;
      setAsked(wanted);
      setFailed(false);
      const outcome = await chat.changeStatus(playerId, wanted);
      if (outcome.ok) return;
      setAsked(null);
      setFailed(true);
    },
    [chat, playerId, asked],
  );
  const take = useCallback(() => status === "pending" && void ask("active"), [ask, status]);
  const resolve = useCallback(() => {
    if (status === "pending" || status === "active") void ask("resolved");
  }, [ask, status]);
  return { asked, failed, take, resolve };
}
