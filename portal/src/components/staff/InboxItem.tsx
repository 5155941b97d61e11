import { memo } from "react";
import { lastActivity, MOST_UNANSWERED, type Row } from "../../core/inbox/row.js";
import { isReadable } from "../../core/readable.js";
import type { Message, Priority } from "../../core/types.js";
import { dayOf } from "../../strings/formats.js";
import { Avatar } from "../Avatar.js";
import { ReceiptMark } from "../Delivery.js";
import { Icon } from "../Icon.js";
import { usePortal } from "../PortalContext.js";
import { TypingDots } from "../PresenceLine.js";
import { StatusBadge } from "../StatusBadge.js";
import { MentionBadge } from "./MentionAlerts.js";

interface InboxItemProps {
  readonly id: string;
  readonly row: Row;
  readonly isChosen: boolean;
  /** The unsent answer; empty for none. */
  readonly draft: string;
  /** Whether the player types; known of the open conversation only. */
  readonly isTyping: boolean;
  readonly isUnread: boolean;
  /** The unread messages up to `MOST_UNANSWERED`; null when the gateway does not count them. */
  readonly unread: number | null;
  readonly showsStatus: boolean;
  /** The user, where staff assigns conversations; null where it does not. */
  readonly userId: string | null;
  /** Whether a colleague has it who is away. */
  readonly isOwnerAway: boolean;
  /** Whether the user was given it and has not opened it. */
  readonly isGiven: boolean;
  /** In milliseconds since 1970. */
  readonly now: number;
  readonly onOpen: (playerId: string) => void;
}

/** A longer wait is highlighted, in microseconds. */
const LATE_AFTER = 10 * 60 * 1_000_000;

/** One conversation of the inbox. */
export const InboxItem = memo(function InboxItem(props: InboxItemProps) {
  const { id, row, isChosen, draft, isTyping, isUnread, unread, showsStatus, now, onOpen } = props;
  const { userId, isOwnerAway, isGiven } = props;
  const { playerId, playerName, session, lastMessage, told, waitingSince, unanswered, status } =
    row;
  const { strings, formats } = usePortal();
  const { staff } = strings;
  const hasUnread = isUnread && unread !== null && unread > 0;
  const count = hasUnread ? unread : unanswered;
  const isWaiting = waitingSince !== null;
  const isLate = isWaiting && now * 1000 - waitingSince > LATE_AFTER;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list handles the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and an active descendant
    <div
      id={id}
      role="option"
      className="ppc-item"
      aria-selected={isChosen}
      data-unread={isUnread || undefined}
      onClick={() => onOpen(playerId)}
    >
      <Avatar id={playerId} name={playerName} />
      <div className="ppc-item-body">
        <p className="ppc-item-head">
          <span className="ppc-item-name">
            <bdi>{playerName ?? playerId}</bdi>
          </span>
          {userId !== null && session !== null && <PriorityBadge priority={session.priority} />}
          {isUnread && !hasUnread && <span className="ppc-hidden">, {staff.unread}</span>}
          <span
            className="ppc-item-time"
            data-waiting={isWaiting || undefined}
            data-late={isLate || undefined}
          >
            <bdi>
              {isWaiting
                ? staff.waiting(formats.since(waitingSince, now))
                : formats.short(lastActivity(row), dayOf(now * 1000))}
            </bdi>
          </span>
        </p>
        <p className="ppc-item-foot">
          <span className="ppc-item-text">
            {isTyping ? (
              <span className="ppc-item-typing">
                <TypingDots /> {staff.typing}
              </span>
            ) : draft !== "" ? (
              <Draft text={draft} />
            ) : told === null ? (
              <LastMessage message={lastMessage} isRead={isReadByPlayer(row)} />
            ) : (
              "…"
            )}
          </span>
          {isGiven && <span className="ppc-item-given">{strings.desk.givenToYou}</span>}
          {userId !== null && <Belonging {...{ row, userId, isOwnerAway }} />}
          {showsStatus && (
            <StatusBadge status={status} text={strings.status[status]} isWaiting={isWaiting} />
          )}
          <MentionBadge playerId={playerId} />
          {count > 0 && (
            <span className="ppc-item-count">
              <span aria-hidden="true">{countText(count)}</span>
              <span className="ppc-hidden">
                {(hasUnread ? staff.unreadMessages : staff.unanswered)(count, countText(count))}
              </span>
            </span>
          )}
        </p>
      </div>
    </div>
  );
});

/** A priority other than the normal one, by colour and text. */
function PriorityBadge({ priority }: { priority: Priority }) {
  const { desk } = usePortal().strings;
  if (priority === "normal") return null;
  return (
    <span className="ppc-badge ppc-priority" data-priority={priority}>
      {desk.priorities[priority]}
    </span>
  );
}

interface BelongingProps {
  readonly row: Row;
  readonly userId: string;
  readonly isOwnerAway: boolean;
}

/** Who has the open session or, of one that is free, in which team's pile it is. */
function Belonging({ row, userId, isOwnerAway }: BelongingProps) {
  const { desk } = usePortal().strings;
  const { session, status } = row;
  if (session === null || status === "resolved" || session.status === "resolved") return null;
  const { assigneeId, assigneeName, team } = session;
  if (assigneeId === null)
    return team === null ? null : <bdi className="ppc-badge ppc-item-team">{team}</bdi>;
  const name = assigneeName ?? assigneeId;
  const text = assigneeId === userId ? desk.withYou : desk.withColleague(name);
  return (
    <span className="ppc-item-assignee" title={text}>
      <Avatar id={assigneeId} name={assigneeName} />
      <span className="ppc-hidden">{text} </span>
      {isOwnerAway && <span className="ppc-away">{desk.away}</span>}
    </span>
  );
}

function Draft({ text }: { text: string }) {
  const { staff } = usePortal().strings;
  return (
    <>
      <span className="ppc-item-draft">{staff.draft}</span> <bdi>{text.slice(0, 160)}</bdi>
    </>
  );
}

/** Whether the last message is staff's and the player has read it. */
function isReadByPlayer({ lastMessage, playerReadSeq }: Row): boolean {
  const seq = lastMessage?.senderType === "staff" ? lastMessage.seq : null;
  return seq !== null && playerReadSeq !== null && seq <= playerReadSeq;
}

interface LastMessageProps {
  readonly message: Message | null;
  readonly isRead: boolean;
}

function LastMessage({ message, isRead }: LastMessageProps) {
  const { strings } = usePortal();
  if (message === null) return null;
  const { content, senderType, senderName, attachments } = message;
  if (content === "") return strings.messages.erased;
  return (
    <>
      {isRead && <ReceiptMark receipt="read" />}
      {senderType === "staff" && <bdi>{senderName ?? strings.player.staffName}: </bdi>}
      {attachments.length > 0 && (
        <>
          <Icon name="clip" />
          <span className="ppc-hidden">{strings.attachments.attachment} </span>
        </>
      )}
      {isReadable(content) ? <bdi>{content.slice(0, 160)}</bdi> : strings.messages.unreadable}
    </>
  );
}

const countText = (count: number): string =>
  count < MOST_UNANSWERED ? String(count) : `${MOST_UNANSWERED - 1}+`;
