import { type ReactNode, type Ref, type RefObject, useEffect, useId, useState } from "react";
import type { Chat } from "../../core/chat.js";
import type { Clock } from "../../core/clock.js";
import type { Conversation } from "../../core/conversation/conversation.js";
import type { Row } from "../../core/inbox/row.js";
import type { ConversationPresence } from "../../core/presence/conversationPresence.js";
import type { Session } from "../../core/types.js";
import { useAsides } from "../../hooks/useAsides.js";
import type { AssignmentState } from "../../hooks/useAssignment.js";
import { useNotes, useTools } from "../../hooks/useDeskTools.js";
import { useDoubleClickGuard } from "../../hooks/useDoubleClickGuard.js";
import { useNow } from "../../hooks/useNow.js";
import { useObservable } from "../../hooks/useObservable.js";
import type { Change, StatusChange } from "../../hooks/useStatusChange.js";
import type { Strings } from "../../strings/en.js";
import { Avatar } from "../Avatar.js";
import { ConnectionLight, SignIn } from "../Connection.js";
import { ConversationView } from "../ConversationView.js";
import { Icon } from "../Icon.js";
import { Menu } from "../Menu.js";
import { usePortal } from "../PortalContext.js";
import { StatusBadge } from "../StatusBadge.js";
import { TextWithName } from "../TextWithName.js";
import { Assignee, AssignmentActions, AssignmentNotice } from "./Assignment.js";
import { AssignmentLine } from "./AssignmentLine.js";
import { Give, PutBack } from "./HandOver.js";
import { NoteRow } from "./NoteRow.js";
import { RepliesDialog } from "./RepliesDialog.js";
import { type Mode, StaffComposer } from "./StaffComposer.js";
import { Tagging } from "./Tagging.js";

/** What the keys for a hand-over do in the open conversation. */
export interface HandOverKeys {
  give(): void;
  putBack(): void;
}

interface StaffConversationProps {
  readonly chat: Chat;
  /** Null before it is opened. */
  readonly conversation: Conversation | null;
  readonly row: Row | undefined;
  readonly change: StatusChange;
  /** Null where staff does not assign conversations. */
  readonly assignment: AssignmentState | null;
  readonly composer: Ref<HTMLTextAreaElement>;
  /** Receives the function that moves the focus to the reply or the note. */
  readonly modeKey: RefObject<((mode: Mode) => void) | null>;
  /** Receives what the keys for a hand-over do. */
  readonly handOverKeys: RefObject<HandOverKeys | null>;
  /** That a colleague gave or took the conversation. */
  readonly news: ReactNode;
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
  const { modeKey, handOverKeys } = props;
  useObservable(conversation);
  useObservable(chat.directory);
  const [handsOver, setHandsOver] = useState<"give" | "putBack" | null>(null);
  const tools = useTools();
  const notes = useNotes(tools, conversation.playerId);
  const asides = useAsides(tools, notes, conversation);
  const guardClicks = useDoubleClickGuard(".ppc-actions");
  const [shownReplies, setShownReplies] = useState<"list" | "add" | null>(null);
  const { strings } = usePortal();
  const { staff } = strings;
  const { playerId, session } = conversation;
  const name = session?.playerName ?? row?.playerName ?? playerId;
  const { subject } = chat.identity;
  const isOpen = session !== null && session.status !== "resolved";
  // Only where staff assigns conversations, and while there is one to assign.
  const assignment = isOpen ? props.assignment : null;
  const isColleagues =
    assignment !== null && session?.assigneeId != null && session.assigneeId !== subject;
  const isOwnerAway = chat.directory.isColleagueAway(session?.assigneeId ?? null);
  const facts = { conversation, row, assignment, isOwnerAway, clock: chat.clock, userId: subject };
  const noticeId = useId();
  const teams = chat.directory.list?.teams ?? [];
  const give = () => assignment?.asked === null && setHandsOver("give");
  const putBack = () => {
    if (assignment?.asked !== null || session?.assigneeId !== subject) return;
    if (teams.length > 0) setHandsOver("putBack");
    else assignment?.ask({ action: "release", team: null });
  };
  useEffect(() => {
    handOverKeys.current = { give, putBack };
    return () => {
      handOverKeys.current = null;
    };
  });
  const resolve = () => {
    change.resolve();
    onLeave();
  };

  return (
    <section className="ppc-conversation" aria-label={staff.conversationOf(name)}>
      <header className="ppc-header" onClickCapture={guardClicks}>
        <button type="button" className="ppc-icon-button ppc-back" onClick={onBack}>
          <Icon name="back" />
          <span className="ppc-hidden">{staff.back}</span>
        </button>
        <Avatar id={playerId} name={name} />
        <div className="ppc-heading">
          <h2>
            <bdi>{name}</bdi>
          </h2>
          <Facts {...facts} />
        </div>
        <ConnectionLight link={conversation.link} />
        {assignment !== null && session !== null ? (
          <AssignmentActions
            {...{ session, assignment, change }}
            userId={subject}
            onResolve={resolve}
            onTaken={onReply}
            onGive={give}
            onPutBack={putBack}
          />
        ) : (
          <Actions
            status={session?.status ?? null}
            change={change}
            onResolve={resolve}
            onTaken={onReply}
          />
        )}
        <Menu
          items={[
            ...(assignment === null
              ? []
              : [{ label: strings.desk.give, isTight: true, onChoose: give }]),
            ...(assignment === null || session?.assigneeId !== subject
              ? []
              : [{ label: strings.desk.putBack, isTight: true, onChoose: putBack }]),
            ...(isSecondary(session, assignment, subject)
              ? [{ label: staff.resolve, isNarrow: true, onChoose: resolve }]
              : []),
            { label: staff.markUnread, onChoose: onUnread },
            ...(tools === null
              ? []
              : [{ label: strings.replies.title, onChoose: () => setShownReplies("list") }]),
            { label: staff.print, onChoose: () => void printAll(conversation) },
          ]}
        >
          <div className="ppc-menu-facts ppc-narrow">
            <Facts {...facts} />
          </div>
        </Menu>
      </header>
      {props.news}
      {tools !== null && <Tagging tools={tools} conversation={conversation} />}
      {tools !== null && shownReplies !== null && (
        <RepliesDialog
          tools={tools}
          adds={shownReplies === "add"}
          onClose={() => setShownReplies(null)}
        />
      )}
      <ConversationView
        chat={chat}
        conversation={conversation}
        placeholder={strings.composer.placeholderStaff}
        composer={composer}
        onEscape={onLeave}
        {...(notes === null
          ? {}
          : {
              asides,
              renderAside: (aside, isNewDay) =>
                "noteId" in aside ? (
                  <NoteRow entry={aside} notes={notes} isNewDay={isNewDay} />
                ) : (
                  <AssignmentLine change={aside} isNewDay={isNewDay} />
                ),
            })}
        // Also before there are notes: a composer in its place would take the focus away with it.
        {...(tools === null
          ? {}
          : {
              compose: (send, scroll, files) => (
                <StaffComposer
                  ref={composer}
                  tools={tools}
                  conversation={conversation}
                  notes={notes}
                  modeKey={modeKey}
                  onSend={send}
                  noticeId={noticeId}
                  files={files}
                  onNote={scroll}
                  onEscape={onLeave}
                  onAddReply={() => setShownReplies("add")}
                />
              ),
            })}
        empty={
          <div className="ppc-empty">
            <h3>{staff.conversationEmpty}</h3>
            <p>{staff.conversationEmptyText}</p>
          </div>
        }
        notice={
          <div
            id={noticeId}
            className="ppc-notice"
            role="status"
            data-colleague={isColleagues || undefined}
            data-problem={problemOf(change, props.assignment) ?? undefined}
          >
            {session !== null && isAboutAssignment(change, props.assignment, isOpen) ? (
              <AssignmentNotice
                session={session}
                assignment={props.assignment}
                identity={chat.identity}
                onTaken={onReply}
              />
            ) : (
              <Notice session={session} change={change} onUndone={onLeave} />
            )}
          </div>
        }
      />
      {handsOver === "give" && assignment !== null && session !== null && (
        <Give
          directory={chat.directory}
          session={session}
          userId={subject}
          onAssign={assignment.ask}
          onClose={() => setHandsOver(null)}
        />
      )}
      {handsOver === "putBack" && assignment !== null && session !== null && (
        <PutBack
          teams={teams}
          session={session}
          onAssign={assignment.ask}
          onClose={() => setHandsOver(null)}
        />
      )}
    </section>
  );
}

/** Whether narrow layouts have no button to resolve the session. */
function isSecondary(
  session: Session | null,
  assignment: AssignmentState | null,
  userId: string,
): boolean {
  if (assignment === null) return session?.status === "pending";
  return session?.assigneeId !== userId;
}

/** Whether the notice is about the last assignment, or who has the session. */
function isAboutAssignment(
  change: StatusChange,
  assignment: AssignmentState | null,
  isOpen: boolean,
): assignment is AssignmentState {
  if (assignment === null || change.undo !== null || change.problem !== null) return false;
  return isOpen || (assignment.problem !== null && assignment.problem !== "colleague");
}

/** The problem of the last change, which the notice shows. */
function problemOf(change: StatusChange, assignment: AssignmentState | null): string | null {
  if (change.undo !== null) return null;
  return change.problem ?? assignment?.problem ?? null;
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
  readonly assignment: AssignmentState | null;
  /** Whether a colleague has the session who is away. */
  readonly isOwnerAway: boolean;
  readonly userId: string;
}

/** The session's status, who has it, the player's id and the waiting time. */
function Facts(props: FactsProps) {
  const { clock, conversation, row, assignment, isOwnerAway, userId } = props;
  const { strings, formats } = usePortal();
  const now = useNow(clock, 30_000);
  const { session, playerId } = conversation;
  const waitingSince = row?.waitingSince ?? null;
  const isWaiting = waitingSince !== null;

  return (
    <p className="ppc-facts">
      {session !== null && (
        <StatusBadge
          status={session.status}
          text={statusText(session, isWaiting, assignment !== null, strings)}
          isWaiting={isWaiting}
        />
      )}
      <Online presence={conversation.presence} />
      {assignment !== null && session !== null ? (
        <Assignee session={session} userId={userId} isAway={isOwnerAway} />
      ) : (
        session?.actorName != null && <bdi>{strings.staff.by(session.actorName)}</bdi>
      )}
      {assignment !== null && session?.team != null && (
        <bdi className="ppc-badge ppc-item-team">{session.team}</bdi>
      )}
      <bdi>{playerId}</bdi>
      {waitingSince !== null && (
        <bdi className="ppc-waiting">{strings.staff.waiting(formats.since(waitingSince, now))}</bdi>
      )}
    </p>
  );
}

/** The session's status in words: in an active one the player waits, or staff has answered. */
function statusText(
  { status, assigneeId }: Session,
  isWaiting: boolean,
  teamDesk: boolean,
  { status: texts, desk }: Strings,
): string {
  if (status !== "active") return texts[status];
  if (isWaiting) return desk.waits;
  return teamDesk && assigneeId === null ? desk.answered : texts.active;
}

/** Whether the player has the conversation open. */
function Online({ presence }: { presence: ConversationPresence }) {
  useObservable(presence);
  const { staff } = usePortal().strings;
  if (!presence.isPlayerHere) return null;
  return (
    <span className="ppc-online" title={staff.playerOnline}>
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
