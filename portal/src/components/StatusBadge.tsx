import type { SessionStatus } from "../core/types.js";

/** A session's status, as a colour and in words. */
export function StatusBadge({ status, text }: { status: SessionStatus; text: string }) {
  return (
    <span className="ppc-badge" data-status={status}>
      {text}
    </span>
  );
}
