import type { Ref } from "react";
import type { Chat } from "../../core/chat.js";
import type { Clock } from "../../core/clock.js";
import type { Conversation } from "../../core/conversation/conversation.js";
import { awaitsFirstAnswer, lastActivity, type Row } from "../../core/inbox/row.js";
import type { ConversationPresence } from "../../core/presence/conversationPresence.js";
import type { Session } from "../../core/types.js";
import { useNow } from "../../hooks/useNow.js";
import { useObservable } from "../../hooks/useObservable.js";
import type { Change, StatusChange } from "../../hooks/useStatusChange.js";
import { Avatar } from "../Avatar.js";
import { ConnectionLight, SignIn } from "../Connection.js";
import { ConversationView } from "../ConversationView.js";
import { Icon } from "../Icon.js";
import { Menu } from "../Menu.js";
import { usePortal } from "../PortalContext.js";
import { StatusBadge } from "../StatusBadge.js";
import { TextWithName } from "../TextWithName.js";

interface StaffConversationProps {
  readonly chat: Chat;
  /** Null before it is opened. */
  readonly conversation: Conversation | null;
  readonly row: Row | undefined;
  readonly change: StatusChange;
  readonly composer: Ref<HTMLTextAreaElement>;
  onBack(): void;
  /** Moves the focus to the composer. */
  onReply(): void;
  /** Moves the focus to the list. */
  onLeave(): void;
  /** Marks the conversation as unread. */
  onUnread(): void;
}

/** The conversation with a player, beside the inbox. */
export function StaffConversation({ conversation, ...rest }: StaffConversationProps) {
  if (conversation === null) return <div className="ppc-conversation" />;
  return <OpenConversation conversation={conversation} {...rest} />;
}

type OpenConversationProps = StaffConversationProps & { readonly conversation: Conversation };

function OpenConversation(props: OpenConversationProps) {
  const { chat, conversation, row, change, composer, onBack, onReply, onLeave, onUnread } = props;
  useObservable(conversation);
  const { strings } = usePortal();
  const { staff } = strings;
  const { playerId, session } = conversation;
  const name = session?.playerName ?? row?.playerName ?? playerId;
  const resolve = () => {
    change.resolve();
    onLeave();
  };

  return (
    <section className="ppc-conversation" aria-label={staff.conversationOf(name)}>
      <header className="ppc-header">
        <button type="button" className="ppc-icon-button ppc-back" onClick={onBack}>
          <Icon name="back" />
          <span className="ppc-hidden">{staff.back}</span>
        </button>
        <Avatar id={playerId} name={name} />
        <div className="ppc-heading">
          <h2>
            <bdi>{name}</bdi>
          </h2>
          <Facts clock={chat.clock} conversation={conversation} row={row} />
        </div>
        <ConnectionLight link={conversation.link} />
        <Actions
          status={session?.status ?? null}
          change={change}
          onResolve={resolve}
          onTaken={onReply}
        />
        <Menu
          items={[
            ...(session?.status === "pending"
              ? [{ label: staff.resolve, isNarrow: true, onChoose: resolve }]
              : []),
            { label: staff.markUnread, onChoose: onUnread },
            { label: staff.print, onChoose: () => void printAll(conversation) },
          ]}
        >
          <div className="ppc-menu-facts ppc-narrow">
            <Facts clock={chat.clock} conversation={conversation} row={row} />
          </div>
        </Menu>
      </header>
      <ConversationView
        chat={chat}
        conversation={conversation}
        placeholder={strings.composer.placeholderStaff}
        composer={composer}
        onEscape={onLeave}
        empty={
          <div className="ppc-empty">
            <h3>{staff.conversationEmpty}</h3>
            <p>{staff.conversationEmptyText}</p>
          </div>
        }
        notice={
          <div
            className="ppc-notice"
            role="status"
            data-problem={(change.undo === null && change.problem) || undefined}
          >
            <Notice session={session} change={change} onUndone={onLeave} />
          </div>
        }
      />
    </section>
  );
}

/** Loads as much of the conversation as possible and prints it. */
async function printAll(conversation: Conversation): Promise<void> {
  while (conversation.older === "more" || conversation.older === "loading")
    await conversation.loadOlder();
  print();
}

interface NoticeProps {
  readonly session: Session | null;
  readonly change: StatusChange;
  /** Moves the focus, since the button disappears. */
  onUndone(): void;
}

/** How a change of status has failed, or who has resolved the session. */
function Notice({ session, change, onUndone }: NoticeProps) {
  const { staff } = usePortal().strings;
  const { actorName, status } = session ?? {};
  if (change.undo !== null) {
    const soon: Record<Change, string> = {
      take: staff.takingSoon,
      resolve: staff.resolvingSoon,
      reopen: staff.reopeningSoon,
    };
    return (
      <>
        {change.asked !== null && soon[change.asked]}{" "}
        <button
          type="button"
          className="ppc-link"
          onClick={() => {
            change.undo?.();
            onUndone();
          }}
        >
          {staff.undo}
        </button>
      </>
    );
  }
  const colleague = actorName ?? staff.colleague;
  switch (change.problem) {
    case "failed":
      return staff.changeFailed;
    case "signedOut":
      return (
        <>
          {staff.changeSignedOut} <SignIn />
        </>
      );
    case "unknown":
      return staff.changeUnknown;
    case "playerWrote":
      return staff.playerWroteMeanwhile;
    case "colleague":
      return (
        <TextWithName
          text={status === "resolved" ? staff.resolvedFirst : staff.takenFirst}
          name={colleague}
        />
      );
    case null:
      if (status !== "resolved") return null;
      return actorName ? <TextWithName text={staff.resolvedBy} name={actorName} /> : staff.resolved;
  }
}

interface FactsProps {
  readonly clock: Clock;
  readonly conversation: Conversation;
  readonly row: Row | undefined;
}

/** The session's status and actor, the player's id and the waiting time. */
function Facts({ clock, conversation, row }: FactsProps) {
  const { strings, formats } = usePortal();
  const now = useNow(clock, 30_000);
  const { session, playerId } = conversation;
  const waitingSince = row?.waitingSince ?? null;

  return (
    <p className="ppc-facts">
      {session !== null && (
        <StatusBadge status={session.status} text={strings.status[session.status]} />
      )}
      <Online presence={conversation.presence} />
      {session?.actorName != null && <bdi>{strings.staff.by(session.actorName)}</bdi>}
      <bdi>{playerId}</bdi>
      {row !== undefined && waitingSince !== null && (
        <bdi>
          {awaitsFirstAnswer(row)
            ? strings.staff.waiting(formats.since(waitingSince, now))
            : strings.staff.lastMessage(formats.since(lastActivity(row), now))}
        </bdi>
      )}
    </p>
  );
}

/** Whether the player has the conversation open. */
function Online({ presence }: { presence: ConversationPresence }) {
  useObservable(presence);
  const { staff } = usePortal().strings;
  if (!presence.isPlayerHere) return null;
  return (
    <span className="ppc-online">
      <span className="ppc-dot" aria-hidden="true" />
      <span className="ppc-online-text">{staff.playerOnline}</span>
    </span>
  );
}

interface ActionsProps {
  readonly status: string | null;
  readonly change: StatusChange;
  onResolve(): void;
  /** Moves the focus, since the button disappears. */
  onTaken(): void;
}

/** The buttons to take, resolve and reopen the session. */
function Actions({ status, change, onResolve, onTaken }: ActionsProps) {
  const { staff } = usePortal().strings;
  if (status === null) return null;
  if (status === "resolved") {
    return (
      <div className="ppc-actions">
        <button
          type="button"
          className="ppc-button"
          aria-disabled={change.asked !== null}
          onClick={() => {
            change.reopen();
            onTaken();
          }}
        >
          {change.asked === "reopen" ? staff.reopening : staff.reopen}
        </button>
      </div>
    );
  }
  return (
    <div className="ppc-actions">
      {status === "pending" && (
        <button
          type="button"
          className="ppc-button ppc-button-main"
          aria-disabled={change.asked !== null}
          onClick={() => {
            change.take();
            onTaken();
          }}
        >
          {change.asked === "take" ? staff.taking : staff.take}
        </button>
      )}
      <button
        type="button"
        className={status === "pending" ? "ppc-button ppc-wide" : "ppc-button ppc-button-main"}
        aria-disabled={change.asked !== null}
        onClick={onResolve}
      >
        {change.asked === "resolve" ? staff.resolving : staff.resolve}
      </button>
    </div>
  );
}
