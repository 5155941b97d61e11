import type { Attachments } from "../core/attachments/attachments.js";
import type { Chat } from "../core/chat.js";
import { useObservable } from "./useObservable.js";

/** The chat's attachments; null until they are loaded, and where the gateway takes no files. */
export function useAttachments({ attachments }: Pick<Chat, "attachments">): Attachments | null {
  useObservable(attachments);
  return attachments.current;
}
