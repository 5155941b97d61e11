import type { InboxQuery } from "../api/api.js";
import type { SessionStatus } from "../types.js";
import { assigneeOf, byUrgency, lastActivity, type Row } from "./row.js";

/** The lists that the gateway is asked for: `mine` and `pile` only where staff assigns. */
export type List = "open" | "mine" | "pile" | "resolved";

/**
 * The rows that a tab shows: those of a status or, where staff assigns conversations, `mine`, those
 * of the user; `pile`, those that no member of the staff has; and `all` open ones.
 */
export type InboxView = SessionStatus | "mine" | "pile" | "all";

/** The list that has the rows of a tab. */
export function listOf(view: InboxView): List {
  if (view === "resolved" || view === "mine" || view === "pile") return view;
  return "open";
}

/** What the gateway is asked for the list of a user. */
export function queryOf(list: List, subject: string): InboxQuery {
  if (list === "resolved") return { status: "resolved", order: "latest" };
  const open: InboxQuery = { status: "pending,active", order: "waiting" };
  if (list === "mine") return { ...open, assignee: subject };
  return list === "pile" ? { ...open, assignee: "none" } : open;
}

/** Whether the gateway would list the row for the user, as far as this desk knows. */
export function isListed(row: Row, list: List, subject: string): boolean {
  if (row.status === "resolved" || list === "resolved") return row.status === list;
  if (list === "open") return true;
  return assigneeOf(row) === (list === "mine" ? subject : null);
}

/**
 * Sorts the rows of a tab: pending ones by the longest wait, `mine`, `pile` and `all` by priority
 * before that, and the others by the latest message.
 */
export function sortRows(rows: Row[], view: InboxView): Row[] {
  if (view === "pending") return rows.sort((a, b) => (a.waitingSince ?? 0) - (b.waitingSince ?? 0));
  if (view === "mine" || view === "pile" || view === "all") return rows.sort(byUrgency);
  return rows.sort((a, b) => lastActivity(b) - lastActivity(a));
}
