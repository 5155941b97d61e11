import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import type { Chat } from "../../core/chat.js";
import type { Inbox } from "../../core/inbox/inbox.js";
import type { InboxView } from "../../core/inbox/views.js";
import type { Session, SessionStatus } from "../../core/types.js";
import { type Alert, useAlerts } from "../../hooks/useAlerts.js";
import { useAssignment } from "../../hooks/useAssignment.js";
import { type DeskTools, useTools } from "../../hooks/useDeskTools.js";
import { useObservable } from "../../hooks/useObservable.js";
import { useOnChange } from "../../hooks/useOnChange.js";
import type { ChangePreferences, Preferences } from "../../hooks/usePreferences.js";
import { useRecentConversation } from "../../hooks/useRecentConversation.js";
import { useSelection } from "../../hooks/useSelection.js";
import { useSessionStorage } from "../../hooks/useSessionStorage.js";
import { useShortcuts } from "../../hooks/useShortcuts.js";
import { UNDO_MS, useStatusChange } from "../../hooks/useStatusChange.js";
import { useTitle } from "../../hooks/useTitle.js";
import { Announcer } from "../Announcer.js";
import { ConnectionBanner, ConnectionLight } from "../Connection.js";
import { deliveryText } from "../Delivery.js";
import { Icon } from "../Icon.js";
import { usePortal } from "../PortalContext.js";
import { nameOf } from "../PresenceLine.js";
import { Settings } from "../Settings.js";
import { AvailabilitySwitch } from "./Availability.js";
import { HandOvers, handOverText, useHandOvers } from "./HandOvers.js";
import { Help } from "./Help.js";
import { InboxPanel, useRows } from "./InboxPanel.js";
import { MentionAlerts, MentionNotices } from "./MentionAlerts.js";
import { RepliesDialog } from "./RepliesDialog.js";
import type { Mode } from "./StaffComposer.js";
import { type HandOverKeys, StaffConversation } from "./StaffConversation.js";
import { firstFilter, teamsOf } from "./TeamFilter.js";
import { viewsOf } from "./views.js";

interface DeskProps {
  readonly chat: Chat;
  readonly inbox: Inbox;
  readonly preferences: Preferences;
  readonly onChange: ChangePreferences;
  readonly unreadInTitle: boolean;
  readonly onUnread: ((count: number) => void) | undefined;
  readonly chosenInAddress: boolean;
}

/** Moves the focus to the list of conversations. */
const focusList = (desk: HTMLElement | null) =>
  desk?.querySelector<HTMLElement>("#ppc-inbox-list")?.focus();

/**
 * On a phone the inbox and the conversation hide each other: moves the focus to the visible one. It
 * takes no focus before the user has chosen a conversation.
 */
function useFocusOnPhone(chosen: string | null, desk: RefObject<HTMLDivElement | null>): void {
  const before = useRef(chosen);
  useEffect(() => {
    const isAsBefore = before.current === chosen;
    before.current = chosen;
    if (isAsBefore || document.activeElement !== document.body) return;
    if (chosen === null) focusList(desk.current);
    else desk.current?.querySelector<HTMLElement>(".ppc-back")?.focus();
  }, [chosen, desk]);
}

/** The inbox and, beside it, the chosen conversation. */
export function Desk(props: DeskProps) {
  const { chat, inbox, preferences, onChange, unreadInTitle, chosenInAddress } = props;
  useObservable(inbox);
  const { strings } = usePortal();
  const scope = `player-portal-chat/desk/${chat.apiUrl}|${chat.identity.subject}`;
  const { features, directory, availability, identity } = chat;
  useObservable(features);
  useObservable(directory);
  const { teamDesk } = features;
  const views = viewsOf(teamDesk);
  // Each kind of desk has tabs of its own.
  const [keptStatus, setStatus] = useSessionStorage(`${scope}/status`);
  const [keptView, setDeskView] = useSessionStorage(`${scope}/view`);
  const [kept, setView] = teamDesk ? [keptView, setDeskView] : [keptStatus, setStatus];
  const [team, setTeam] = useSessionStorage(`${scope}/team`);
  const [keptQuery, setQuery] = useSessionStorage(`${scope}/query`);
  const view = views.find((each) => each === kept) ?? (teamDesk ? "pile" : "pending");
  const query = keptQuery ?? "";
  const [chosen, setChosen] = useSelection(chosenInAddress);
  const [helps, setHelps] = useState(false);
  const [showsReplies, setShowsReplies] = useState(false);
  const searchField = useRef<HTMLInputElement>(null);
  const composer = useRef<HTMLTextAreaElement>(null);
  const modeKey = useRef<((mode: Mode) => void) | null>(null);
  const handOverKeys = useRef<HandOverKeys | null>(null);
  const desk = useRef<HTMLDivElement>(null);
  const rows = useRows(inbox, view, query);
  const row = chosen === null ? undefined : inbox.row(chosen);
  const conversation = useRecentConversation(chat, chosen);
  useObservable(conversation);
  const change = useStatusChange(conversation, identity.subject);
  const assignment = useAssignment(conversation, identity.subject);
  const isSearch = query.trim() !== "";
  useEffect(() => inbox.wantResolved(view === "resolved" || isSearch), [inbox, view, isSearch]);
  useEffect(() => inbox.wantAll(view === "all" || isSearch), [inbox, view, isSearch]);
  useEffect(() => directory.open(), [directory]);
  const ownTeams = directory.teamsOf(identity.subject);
  const isListed = directory.list !== null;
  useEffect(() => {
    if (!isListed || team !== null) return;
    let isCurrent = true;
    // Teams that become known later do not change what the user sees.
    void chat.isLead().then((lead) => isCurrent && setTeam(firstFilter(ownTeams, lead)));
    return () => {
      isCurrent = false;
    };
  }, [chat, isListed, team, ownTeams, setTeam]);
  useEffect(() => inbox.showTeams(teamsOf(team, ownTeams)), [inbox, team, ownTeams]);
  const isGiven = chosen !== null && inbox.own.isGiven(chosen);
  useEffect(() => {
    if (isGiven && chosen !== null) inbox.own.opened(chosen);
  }, [inbox, chosen, isGiven]);
  const handOvers = useHandOvers(inbox, identity.subject, chosen);
  const unread = teamDesk ? inbox.news : inbox.unread("pending") + inbox.unread("active");
  const tools = useTools();
  useObservable(tools?.notes.mentions ?? null);
  const mentioned = mentionedAlone(tools, inbox, teamDesk);
  useTitle(unread + mentioned, unreadInTitle);
  useOnChange(props.onUnread, unread + mentioned);

  // A link to a conversation opens the tab that lists it.
  const linked = useRef(keptStatus === null && keptView === null ? chosen : null);
  const linkedSession = row?.session ?? conversation?.session ?? null;
  const statusOfLinked = row?.status ?? linkedSession?.status;
  const isKnown = features.isKnown && statusOfLinked !== undefined;
  const viewOfLinked = isKnown ? viewOf(statusOfLinked, linkedSession, chat) : undefined;
  useEffect(() => {
    if (linked.current === null || viewOfLinked === undefined) return;
    if (linked.current === chosen) setView(viewOfLinked);
    linked.current = null;
  }, [chosen, viewOfLinked, setView]);

  useFocusOnPhone(chosen, desk);

  const toList = () => focusList(desk.current);
  const step = (by: number) => {
    const index = rows.findIndex(({ playerId }) => playerId === chosen);
    const next = rows[index < 0 ? 0 : Math.min(Math.max(index + by, 0), rows.length - 1)];
    if (next !== undefined) setChosen(next.playerId);
    // The list has the focus, so that the keys go on to work and Enter begins an answer.
    toList();
  };
  const markUnread = () => {
    if (chosen === null) return;
    setChosen(null);
    conversation?.markUnread();
    toList();
  };
  const reply = () => composer.current?.focus();
  const session = conversation?.session ?? null;
  const claim = () => {
    if (session === null || session.status === "resolved" || session.assigneeId !== null) return;
    assignment.ask({ action: "claim" });
    reply();
  };
  // Typing after a click writes an answer. On a touch screen the focus would open the keyboard.
  const [opening, setOpening] = useState<string | null>(null);
  const open = useCallback(
    (playerId: string) => {
      setChosen(playerId);
      if (!matchMedia("(pointer: coarse)").matches) setOpening(playerId);
    },
    [setChosen],
  );
  useEffect(() => {
    if (opening === null || conversation?.playerId !== opening) return;
    // The composer of a conversation with notes replaces the first one in the same task.
    const timer = setTimeout(() => {
      composer.current?.focus();
      setOpening(null);
    });
    return () => clearTimeout(timer);
  }, [opening, conversation]);
  useShortcuts(
    desk,
    {
      j: () => step(1),
      k: () => step(-1),
      r: () => (modeKey.current === null ? reply() : modeKey.current("reply")),
      ...(teamDesk
        ? {
            a: claim,
            g: () => handOverKeys.current?.give(),
            b: () => handOverKeys.current?.putBack(),
          }
        : {}),
      t: () => {
        if (teamDesk) claim();
        else change.take(UNDO_MS);
        change.reopen(UNDO_MS);
      },
      e: () => change.resolve(),
      n: () => modeKey.current?.("note"),
      u: markUnread,
      z: () => change.undo?.(),
      "/": () => searchField.current?.focus(),
      ...Object.fromEntries(views.map((each, index) => [`${index + 1}`, () => setView(each)])),
      "?": () => setHelps(true),
      Escape: toList,
    },
    preferences.singleKeys,
  );

  const listenGiven = useCallback(
    (alert: (what: Alert) => void) =>
      inbox.own.onGiven((row) => {
        const { playerId, session } = row;
        alert({
          title: strings.desk.givenToYou,
          text: handOverText({ kind: "given", row }, chat.identity.subject, strings),
          tag: `player-portal-chat/${playerId}`,
          id: `given/${chat.identity.subject}/${session?.id}/${session?.version}`,
          onClick: () => open(playerId),
        });
      }),
    [chat, inbox, open, strings],
  );
  const listenTaken = useCallback(
    (alert: (what: Alert) => void) =>
      inbox.own.onTaken((row) => {
        const { playerId, session } = row;
        alert({
          title: strings.desk.taken,
          text: handOverText({ kind: "taken", row }, chat.identity.subject, strings),
          tag: `player-portal-chat/${playerId}`,
          id: `taken/${chat.identity.subject}/${session?.id}/${session?.version}`,
          onClick: () => open(playerId),
        });
      }),
    [chat, inbox, open, strings],
  );
  const listenMessages = useCallback(
    (alert: (what: Alert) => void) =>
      inbox.onArrival(({ messageId, playerId, playerName, content }) =>
        alert({
          title: playerName ?? inbox.row(playerId)?.playerName ?? playerId,
          text: content,
          tag: `player-portal-chat/${playerId}`,
          id: `staff/${chat.identity.subject}/${messageId}`,
          onClick: () => open(playerId),
        }),
      ),
    [chat, inbox, open],
  );
  const listen = useCallback(
    (alert: (what: Alert) => void) => {
      const ends = [listenMessages(alert), listenGiven(alert), listenTaken(alert)];
      return () => {
        for (const end of ends) end();
      };
    },
    [listenMessages, listenGiven, listenTaken],
  );
  const nameOfPlayer = useCallback(
    (playerId: string) => inbox.row(playerId)?.playerName ?? null,
    [inbox],
  );
  useAlerts(preferences, listen);
  const announce = useCallback(
    (say: (text: string) => void) => {
      const ends = [
        listenMessages(({ title, text }) => say(strings.staff.newMessage(title, text))),
        listenGiven(({ text }) => say(text)),
        listenTaken(({ text }) => say(text)),
        conversation?.onSendFailure(
          ({ delivery }) => delivery && say(deliveryText(delivery, strings)),
        ),
        conversation?.presence.typing.onBegin((member) =>
          say(strings.messages.typing(nameOf(member, strings), 1)),
        ),
      ];
      return () => {
        for (const end of ends) end?.();
      };
    },
    [listenMessages, listenGiven, listenTaken, conversation, strings],
  );

  return (
    <div className="ppc-desk" ref={desk} data-chosen={chosen !== null || undefined}>
      <h1 className="ppc-hidden">{strings.staff.title}</h1>
      <header className="ppc-header ppc-desk-header">
        <span className="ppc-logo" aria-hidden="true">
          <Icon name="chat" />
        </span>
        <p className="ppc-heading ppc-title" aria-hidden="true">
          {strings.staff.title}
        </p>
        <ConnectionLight link={inbox.link} />
        <p className="ppc-who">
          <bdi>{chat.identity.name ?? chat.identity.subject}</bdi>
        </p>
        {teamDesk && <AvailabilitySwitch availability={availability} inbox={inbox} />}
        <button
          type="button"
          className="ppc-icon-button"
          aria-haspopup="dialog"
          onClick={() => setHelps(true)}
        >
          <Icon name="keyboard" />
          <span className="ppc-hidden">{strings.staff.shortcuts}</span>
        </button>
        <Settings
          preferences={preferences}
          onChange={onChange}
          links={
            tools === null
              ? []
              : [{ label: strings.replies.title, onChoose: () => setShowsReplies(true) }]
          }
        />
      </header>
      <ConnectionBanner
        chat={chat}
        link={inbox.link}
        onTryNow={() => {
          chat.tryNow();
          inbox.refresh();
        }}
      />
      <MentionNotices
        chosen={chosen}
        nameOf={nameOfPlayer}
        onOpen={open}
        onDismissed={() => (chosen === null ? toList() : reply())}
      />
      <HandOvers
        handOvers={handOvers.elsewhere}
        userId={identity.subject}
        onOpen={open}
        onDismiss={(playerId) => {
          handOvers.dismiss(playerId);
          toList();
        }}
      />
      <div className="ppc-desk-body">
        <InboxPanel
          inbox={inbox}
          clock={chat.clock}
          drafts={chat.drafts}
          view={view}
          directory={teamDesk ? directory : null}
          userId={identity.subject}
          team={team}
          query={query}
          chosen={chosen}
          presence={conversation?.presence ?? null}
          searchField={searchField}
          onView={setView}
          onTeam={setTeam}
          onQuery={setQuery}
          onChoose={setChosen}
          onOpen={open}
          onReply={reply}
          onLeave={toList}
        />
        {chosen === null ? (
          <div className="ppc-conversation ppc-conversation-none">
            <div className="ppc-empty">
              <span className="ppc-empty-art" aria-hidden="true">
                <Icon name="chat" />
              </span>
              <h2>{strings.staff.chooseTitle}</h2>
              <p>{strings.staff.chooseText}</p>
            </div>
          </div>
        ) : (
          <StaffConversation
            key={chosen}
            chat={chat}
            conversation={conversation}
            row={row}
            change={change}
            assignment={teamDesk ? assignment : null}
            composer={composer}
            modeKey={modeKey}
            handOverKeys={handOverKeys}
            news={
              <HandOvers
                handOvers={handOvers.here}
                userId={identity.subject}
                onDismiss={(playerId) => {
                  handOvers.dismiss(playerId);
                  reply();
                }}
              />
            }
            onBack={() => setChosen(null)}
            onReply={reply}
            onLeave={toList}
            onUnread={markUnread}
          />
        )}
      </div>
      {tools !== null && showsReplies && (
        <RepliesDialog tools={tools} onClose={() => setShowsReplies(false)} />
      )}
      {helps && (
        <Help
          preferences={preferences}
          onChange={onChange}
          teamDesk={teamDesk}
          onClose={() => setHelps(false)}
        />
      )}
      <MentionAlerts
        preferences={preferences}
        chosen={chosen}
        nameOf={nameOfPlayer}
        onOpen={open}
      />
      <Announcer listen={announce} />
    </div>
  );
}

/** The number of conversations in which a note mentions the user, beside the unread ones. */
function mentionedAlone(tools: DeskTools | null, inbox: Inbox, teamDesk: boolean): number {
  if (!teamDesk || tools === null) return 0;
  return tools.notes.mentions.all.filter(({ playerId }) => !inbox.isNews(playerId)).length;
}

/** The tab that lists a conversation. */
function viewOf(status: SessionStatus, session: Session | null, chat: Chat): InboxView {
  if (!chat.features.teamDesk || status === "resolved") return status;
  const assignee = session?.assigneeId ?? null;
  if (assignee === null) return "pile";
  return assignee === chat.identity.subject ? "mine" : "all";
}
