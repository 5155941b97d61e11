import { memo } from "react";
import type { Chat } from "../core/chat.js";
import type { Conversation } from "../core/conversation/conversation.js";
import type { Receipt } from "../core/conversation/knownReads.js";
import type { Entry } from "../core/conversation/timeline.js";
import { isReadable } from "../core/readable.js";
import type { Identity } from "../core/types.js";
import { dayOf } from "../strings/formats.js";
import { bubbleStyle } from "./attachments/frame.js";
import { MessageAttachments, textOf } from "./attachments/MessageAttachments.js";
import { DeliveryMark, isQuiet, NotSent, ReceiptMark } from "./Delivery.js";
import { MessageText } from "./MessageText.js";
import { isFewEmoji } from "./messageText.js";
import { usePortal } from "./PortalContext.js";
import { TextWithName } from "./TextWithName.js";

interface MessageRowProps {
  readonly entry: Entry;
  readonly before: Entry | undefined;
  readonly after: Entry | undefined;
  /** When the aside directly above was accepted, in microseconds since 1970; null for none. */
  readonly asideAbove: number | null;
  /** Whether an aside is directly below. */
  readonly isAsideBelow: boolean;
  readonly viewer: Identity;
  /**
   * The name of the first staff member to answer in the session that begins here; null for none.
   */
  readonly answeredBy: string | null;
  /** Whether it is the first unread message. */
  readonly isUnreadFrom: boolean;
  /**
   * When staff read it, in microseconds since 1970; null for all but the player's last message that
   * staff have read.
   */
  readonly readAt: number | null;
  /** Whether the player has read it; null for all but staff's own messages. */
  readonly receipt: Receipt | null;
  /** Whether it is the first message of the conversation. */
  readonly isBeginning: boolean;
  readonly chat: Chat;
  readonly conversation: Conversation;
  /** Shows a picture, by its id. */
  readonly onView: (attachmentId: string) => void;
  /** Today, as `dayOf` counts days. */
  readonly today: number;
}

/** Messages of one sender within this time form a group, in microseconds. */
const GROUP_WITHIN = 5 * 60 * 1_000_000;

/** A message, with the dividers between it and the one before. */
export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  const { entry, before, after, viewer, isBeginning, conversation, today } = props;
  const { answeredBy, isUnreadFrom, readAt, receipt, asideAbove, isAsideBelow } = props;
  const { strings, formats } = usePortal();
  const isFirst = before === undefined || asideAbove !== null || !areGrouped(before, entry);
  const isLast = after === undefined || isAsideBelow || !areGrouped(entry, after);
  const above = asideAbove ?? before?.at ?? null;
  const isOwnSide = entry.senderType === viewer.role;
  const sender = useSender(entry);
  const state = entry.delivery?.state;
  const isColleagues = isOwnSide && entry.delivery === null;
  const hasFiles = entry.attachments.length > 0;
  const text = textOf(entry);
  const classes = ["ppc-row", isOwnSide ? "ppc-row-own" : "", isFirst ? "ppc-row-first" : ""];

  return (
    <div className={classes.join(" ")}>
      {(isBeginning || beginsSession(before, entry)) && (
        <p className="ppc-divider">
          {isBeginning
            ? strings.messages.started(formats.moment(entry.at, today))
            : strings.messages.newSession(formats.moment(entry.at, today))}
          {answeredBy !== null && (
            <TextWithName text={strings.messages.answeredBy} name={answeredBy} />
          )}
        </p>
      )}
      {(above === null || dayOf(above) !== dayOf(entry.at)) && (
        <p className="ppc-divider ppc-divider-day">{formats.day(entry.at, today)}</p>
      )}
      {isUnreadFrom && (
        <p className="ppc-divider ppc-divider-unread">{strings.messages.unreadFrom}</p>
      )}
      {isFirst && sender.shown !== null && (
        <p className="ppc-sender" aria-hidden="true">
          <bdi>{sender.shown}</bdi>
        </p>
      )}
      <div
        className={`ppc-bubble ppc-bubble-${entry.senderType}`}
        data-state={state}
        data-colleague={isColleagues || undefined}
        data-emoji={(!hasFiles && isFewEmoji(entry.content)) || undefined}
        data-files={hasFiles || undefined}
        style={hasFiles ? bubbleStyle(entry.attachments) : undefined}
        data-tail={isLast || undefined}
        data-message-id={entry.messageId}
      >
        <span className="ppc-hidden">{sender.spoken}: </span>
        {hasFiles && (
          <MessageAttachments
            chat={props.chat}
            conversation={conversation}
            entry={entry}
            onOpen={({ attachmentId }) => props.onView(attachmentId)}
          />
        )}
        {(text !== "" || !hasFiles) && (
          <span className="ppc-text" dir="auto">
            <MessageText content={text} />
            {entry.truncated && "…"}
          </span>
        )}
        {entry.truncated && <span className="ppc-note">{strings.messages.truncated}</span>}
        {entry.content === "" && <span className="ppc-note">{strings.messages.erased}</span>}
        {entry.content !== "" && !isReadable(entry.content) && (
          <span className="ppc-note">{strings.messages.unreadable}</span>
        )}
        <span className="ppc-meta">
          <time dateTime={new Date(entry.at / 1000).toISOString()} title={formats.full(entry.at)}>
            <bdi>{formats.time(entry.at)}</bdi>
          </time>
          {receipt !== null ? (
            <ReceiptMark receipt={receipt} />
          ) : (
            entry.delivery !== null &&
            isQuiet(entry.delivery) && <DeliveryMark delivery={entry.delivery} />
          )}
        </span>
      </div>
      {entry.delivery?.state === "waiting" && (
        <p className="ppc-below">
          <DeliveryMark delivery={entry.delivery} />
        </p>
      )}
      {readAt !== null && (
        <p className="ppc-below ppc-read">
          {strings.messages.read(
            dayOf(readAt) === today ? formats.time(readAt) : formats.moment(readAt, today),
          )}
        </p>
      )}
      {entry.delivery?.state === "refused" && (
        <NotSent
          delivery={entry.delivery}
          onRetry={() => conversation.retry(entry.messageId)}
          onDiscard={() => conversation.discard(entry.messageId)}
        />
      )}
    </div>
  );
});

/** The sender's name as shown, null when it is not, and as read by screen readers. */
function useSender(entry: Entry): { shown: string | null; spoken: string } {
  const { strings } = usePortal();
  const { messages, player } = strings;
  if (entry.delivery !== null) return { shown: null, spoken: messages.you };
  if (entry.senderType === "staff") {
    const name = entry.senderName ?? player.staffName;
    return { shown: name, spoken: name };
  }
  const name = entry.senderName ?? entry.playerName ?? messages.player;
  return { shown: null, spoken: name };
}

function areGrouped(a: Entry, b: Entry): boolean {
  if (a.senderType !== b.senderType) return false;
  // Players receive no staff ids, and two staff members may share a name.
  if (a.senderId !== b.senderId || a.senderName !== b.senderName) return false;
  return b.at - a.at < GROUP_WITHIN && dayOf(a.at) === dayOf(b.at) && !beginsSession(a, b);
}

/** Whether `entry` is the first of its session; false when one of the sessions is unknown. */
export function beginsSession(before: Entry | undefined, entry: Entry): boolean {
  if (!before?.sessionId || entry.sessionId === null) return false;
  return before.sessionId !== entry.sessionId;
}
