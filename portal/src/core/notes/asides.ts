import type { AssignmentChange } from "../desk/assignmentLog.js";
import { compare } from "../order.js";
import { type Aside, isUnsent, keyOf } from "./interleaved.js";
import type { NoteEntry } from "./noteEntry.js";

/**
 * Notes and, as far back as the messages are loaded, changes in the order of time. `oldest` is when
 * the oldest loaded message was accepted, in microseconds since 1970; 0 when no older one exists.
 */
export function asidesOf(
  notes: readonly NoteEntry[],
  changes: readonly AssignmentChange[],
  oldest: number,
): readonly Aside[] {
  const shown = changes.filter(({ at }) => at >= oldest);
  return shown.length === 0 ? notes : [...notes, ...shown].sort(inOrder);
}

/** Unsent notes come last, in the order of writing. */
function inOrder(a: Aside, b: Aside): number {
  const rank = Number(isUnsent(a)) - Number(isUnsent(b));
  return rank !== 0 || isUnsent(a) ? rank : compare(keyOf(a), keyOf(b));
}
