import type { SessionStatus } from "../core/types.js";

interface StatusBadgeProps {
  readonly status: SessionStatus;
  readonly text: string;
  /** Whether the player waits for an answer; a pending session looks so without it. */
  readonly isWaiting?: boolean;
}

/** A session's status, as a colour and in words. */
export function StatusBadge({ status, text, isWaiting = false }: StatusBadgeProps) {
  return (
    <span
      className="ppc-badge"
      data-status={status}
      data-waiting={isWaiting || undefined}
      title={text}
    >
      {text}
    </span>
  );
}
