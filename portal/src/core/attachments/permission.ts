import type { AttachmentsConfig } from "../config.js";
import type { SenderType } from "../types.js";

/** Whether a user may attach files now, or once the conversation is open. */
export type Permission = "yes" | "notYet" | "no";

/** Whether a user may attach files; `isOpen` says whether the conversation's session is. */
export function mayAttach(
  { for: audience }: AttachmentsConfig,
  role: SenderType,
  isOpen: boolean,
): Permission {
  if (role === "staff" || audience === "any") return "yes";
  if (audience === "staff") return "no";
  return isOpen ? "yes" : "notYet";
}
