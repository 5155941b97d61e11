import type { InboxView } from "../../core/inbox/views.js";
import { SESSION_STATUSES } from "../../core/types.js";
import type { Strings } from "../../strings/en.js";

/** The tabs of the inbox where staff assigns conversations. */
const DESK_VIEWS: readonly InboxView[] = ["mine", "pile", "all", "resolved"];

/** The tabs of the inbox. */
export const viewsOf = (teamDesk: boolean): readonly InboxView[] =>
  teamDesk ? DESK_VIEWS : SESSION_STATUSES;

/** A tab's name and, where it needs one, its explanation. */
export function labelOf(
  view: InboxView,
  teamDesk: boolean,
  { status, desk }: Strings,
): { label: string; hint: string | undefined } {
  if (view === "pending" || view === "active" || !teamDesk)
    return { label: status[view as keyof typeof status], hint: undefined };
  return { label: desk.tabs[view], hint: desk.tabHints[view] };
}

/** The title and the text of a tab without conversations. */
export function emptyTextOf(view: InboxView, { staff, desk }: Strings): readonly [string, string] {
  switch (view) {
    case "mine":
      return [desk.noneMine, desk.noneMineText];
    case "pile":
      return [desk.nonePile, desk.nonePileText];
    case "all":
      return [desk.noneAll, desk.noneAllText];
    case "pending":
      return [staff.nonePending, staff.nonePendingText];
    case "active":
      return [staff.noneActive, staff.noneActiveText];
    case "resolved":
      return [staff.noneResolved, staff.noneResolvedText];
  }
}
