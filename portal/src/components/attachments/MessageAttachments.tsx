import { Suspense } from "react";
import type { Chat } from "../../core/chat.js";
import type { Conversation } from "../../core/conversation/conversation.js";
import type { Entry } from "../../core/conversation/timeline.js";
import type { Attachment } from "../../core/types.js";
import { useAttachments } from "../../hooks/useAttachments.js";
import { isGrid, isShownAsPicture, pictureStyle } from "./frame.js";
import { AttachmentContent } from "./lazy.js";

interface MessageAttachmentsProps {
  readonly chat: Chat;
  readonly conversation: Conversation;
  readonly entry: Entry;
  /** Shows a picture in the viewer. */
  readonly onOpen: (attachment: Attachment) => void;
}

/** The files of a message. Their places have their final size before anything is loaded. */
export function MessageAttachments(props: MessageAttachmentsProps) {
  const { chat, conversation, entry, onOpen } = props;
  const current = useAttachments(chat);
  const { attachments } = entry;
  const hasTiles = isGrid(attachments);
  const cancel = () => {
    const { playerId, messageId } = entry;
    conversation.discard(messageId);
    // What was written is not lost.
    if (chat.drafts.of(playerId) === "") chat.drafts.change(playerId, textOf(entry));
  };
  return (
    <ul className="ppc-attachments" data-grid={hasTiles || undefined}>
      {attachments.map((attachment) => {
        const isPicture = isShownAsPicture(attachment);
        return (
          <li
            key={attachment.attachmentId}
            className={isPicture ? "ppc-picture" : "ppc-file"}
            style={isPicture && !hasTiles ? pictureStyle(attachment) : undefined}
          >
            {current !== null && (
              <Suspense>
                <AttachmentContent
                  attachments={current}
                  entry={entry}
                  attachment={attachment}
                  onOpen={() => onOpen(attachment)}
                  onCancel={cancel}
                />
              </Suspense>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** The text of a message beside its files; empty when it is only the first file's name. */
export function textOf({ content, attachments }: Pick<Entry, "content" | "attachments">): string {
  return attachments[0]?.name === content ? "" : content;
}
