import type { SessionStatus } from "../core/types.js";

/** How far a session has come, in a colour of its own and in words. */
export function StatusBadge({ status, text }: { status: SessionStatus; text: string }) {
  return (
    <span className="ppc-badge" data-status={status}>
      {text}
    </span>
  );
}
