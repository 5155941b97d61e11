import { type RefObject, useDeferredValue, useMemo, useRef } from "react";
import { flushSync } from "react-dom";
import { MAX_PLAYER_ID, PLAYER_ID } from "../../core/api/limits.js";
import type { Clock } from "../../core/clock.js";
import type { StaffDirectory } from "../../core/desk/staff.js";
import type { Drafts } from "../../core/drafts.js";
import type { Count, Inbox } from "../../core/inbox/inbox.js";
import type { Row } from "../../core/inbox/row.js";
import type { InboxView } from "../../core/inbox/views.js";
import type { ConversationPresence } from "../../core/presence/conversationPresence.js";
import { SESSION_STATUSES } from "../../core/types.js";
import { useObservable } from "../../hooks/useObservable.js";
import { isComposing } from "../../hooks/useShortcuts.js";
import type { Strings } from "../../strings/en.js";
import { Icon } from "../Icon.js";
import { usePortal } from "../PortalContext.js";
import { InboxList } from "./InboxList.js";
import { ALL_TEAMS, TeamFilter } from "./TeamFilter.js";
import { emptyTextOf, labelOf, viewsOf } from "./views.js";

interface InboxPanelProps {
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly drafts: Drafts;
  /** The tab. */
  readonly view: InboxView;
  /** The staff's teams; null where staff does not assign conversations. */
  readonly directory: StaffDirectory | null;
  readonly userId: string;
  /** The chosen filter of the pile; null before a choice. */
  readonly team: string | null;
  readonly query: string;
  readonly chosen: string | null;
  /** Who else has the chosen conversation open; null for none. */
  readonly presence: ConversationPresence | null;
  readonly searchField: RefObject<HTMLInputElement | null>;
  onView(view: InboxView): void;
  onTeam(team: string): void;
  onQuery(query: string): void;
  onChoose(playerId: string): void;
  /** Chooses a conversation and moves the focus to the composer. */
  onOpen(playerId: string): void;
  /** Moves the focus to the composer. */
  onReply(): void;
  /** Moves the focus to the list. */
  onLeave(): void;
}

/** The inbox: search, tabs and list. */
export function InboxPanel(props: InboxPanelProps) {
  const { inbox, clock, drafts, view, query, chosen, presence, searchField } = props;
  const { directory, userId, team, onTeam } = props;
  const { onView, onQuery, onChoose, onOpen, onReply, onLeave } = props;
  useObservable(inbox);
  const { strings } = usePortal();
  const rows = useRows(inbox, view, useDeferredValue(query));
  const isSearch = query.trim() !== "";

  return (
    <section className="ppc-inbox" aria-label={strings.staff.inbox}>
      <search className="ppc-search">
        <Icon name="search" />
        <input
          ref={searchField}
          type="search"
          value={query}
          maxLength={MAX_PLAYER_ID}
          autoComplete="off"
          spellCheck={false}
          aria-label={strings.staff.search}
          placeholder={strings.staff.search}
          onChange={(event) => onQuery(event.target.value)}
          onKeyDown={(event) => {
            if (isComposing(event.nativeEvent)) return;
            // The list renders later than the field: the field's text decides.
            const found = () => rowsOf(inbox, view, event.currentTarget.value);
            if (event.key === "Escape") {
              // The list of the status replaces that of the search.
              flushSync(() => onQuery(""));
              onLeave();
            } else if (event.key === "Enter") {
              // Otherwise the composer, which gets the focus, receives the line break.
              event.preventDefault();
              const [first] = found();
              if (first !== undefined) onOpen(first.playerId);
            } else if (event.key === "ArrowDown") {
              event.preventDefault();
              const listed = found();
              const isChosen = listed.some(({ playerId }) => playerId === chosen);
              if (!isChosen && listed[0] !== undefined) onChoose(listed[0].playerId);
              onLeave();
            }
          }}
        />
        {query !== "" && (
          <button
            type="button"
            className="ppc-icon-button"
            onClick={() => {
              onQuery("");
              searchField.current?.focus();
            }}
          >
            <Icon name="close" />
            <span className="ppc-hidden">{strings.staff.searchClear}</span>
          </button>
        )}
      </search>
      {!isSearch && <Tabs {...{ inbox, directory, view, onView }} />}
      {!isSearch && view === "pile" && directory !== null && (
        <TeamFilter {...{ directory, userId, team, onTeam }} />
      )}
      <InboxList
        key={isSearch ? "search" : view}
        inbox={inbox}
        clock={clock}
        drafts={drafts}
        rows={rows}
        chosen={chosen}
        presence={presence}
        showsStatus={isSearch}
        userId={directory === null ? null : userId}
        directory={directory}
        labelledBy={isSearch ? null : `ppc-tab-${view}`}
        onChoose={onChoose}
        onOpen={onOpen}
        onReply={onReply}
        foot={(isEmpty) => (
          <ListFoot {...{ inbox, view, query, rows, isEmpty, onOpen, onTeam, onLeave }} />
        )}
      />
    </section>
  );
}

/** The rows of a tab, or of a search in all statuses. */
export function useRows(inbox: Inbox, view: InboxView, query: string): Row[] {
  const version = inbox.version();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the inbox changes in place
  return useMemo(() => rowsOf(inbox, view, query), [inbox, version, view, query]);
}

function rowsOf(inbox: Inbox, view: InboxView, query: string): Row[] {
  const wanted = query.trim().toLowerCase();
  if (wanted === "") return inbox.list(view);
  const found = SESSION_STATUSES.flatMap((each) => inbox.list(each)).flatMap((row) => {
    const rank = rankOf(row, wanted);
    return rank === null ? [] : [{ row, rank }];
  });
  return found.sort((a, b) => a.rank - b.rank).map(({ row }) => row);
}

/** The rank of a row in a search, 0 best; null when it does not match. */
function rankOf({ playerId, playerName }: Row, wanted: string): number | null {
  const id = playerId.toLowerCase();
  const name = playerName?.toLowerCase() ?? "";
  if (id === wanted) return 0;
  if (name === wanted) return 1;
  if (id.startsWith(wanted) || name.startsWith(wanted)) return 2;
  return id.includes(wanted) || name.includes(wanted) ? 3 : null;
}

type TabsProps = Pick<InboxPanelProps, "inbox" | "directory" | "view" | "onView">;

function Tabs({ inbox, directory, view, onView }: TabsProps) {
  const { strings } = usePortal();
  const tabs = useRef<HTMLDivElement>(null);
  const teamDesk = directory !== null;
  const views = viewsOf(teamDesk);
  const move = (by: number) => {
    const next = views.at((views.indexOf(view) + by) % views.length) ?? view;
    onView(next);
    tabs.current?.querySelector<HTMLElement>(`#ppc-tab-${next}`)?.focus();
  };
  return (
    <div ref={tabs} className="ppc-tabs" role="tablist" aria-label={strings.staff.inboxLabel}>
      {views.map((each) => {
        const { label, hint } = labelOf(each, teamDesk, strings);
        const news = newsOf(inbox, each, strings);
        const count = each !== "all" && inbox.hasLoaded(each) ? countText(inbox.count(each)) : "";
        return (
          <button
            key={each}
            id={`ppc-tab-${each}`}
            type="button"
            role="tab"
            className="ppc-tab"
            title={hint}
            aria-label={[`${label} ${count}`.trim(), news].filter(Boolean).join(", ")}
            aria-selected={each === view}
            aria-controls="ppc-inbox-list"
            tabIndex={each === view ? 0 : -1}
            onClick={() => onView(each)}
            onKeyDown={(event) => {
              if (event.key === "ArrowRight") move(1);
              if (event.key === "ArrowLeft") move(-1);
            }}
          >
            {news !== "" && <span className="ppc-tab-unread" title={news} />}
            {label} <span className="ppc-tab-count">{count}</span>
          </button>
        );
      })}
    </div>
  );
}

/** What is new in a tab; empty for nothing. */
function newsOf(inbox: Inbox, view: InboxView, { staff, desk }: Strings): string {
  if (view === "resolved" || view === "all") return "";
  const unread = inbox.unread(view);
  const given = view === "mine" ? inbox.own.given : 0;
  return [
    ...(given > 0 ? [desk.givenCount(given)] : []),
    ...(unread > 0 ? [staff.unreadCount(unread)] : []),
  ].join(", ");
}

const countText = ({ count, more }: Count): string => (more ? `${count}+` : String(count));

/** A skeleton while the list loads, or that it cannot be loaded. */
function NotLoaded({ inbox }: { inbox: Inbox }) {
  const { staff, delivery } = usePortal().strings;
  if (inbox.failed) {
    return (
      <div className="ppc-list-foot">
        <p role="status">{staff.listUnavailable}</p>
        <button type="button" className="ppc-link" onClick={() => inbox.refresh()}>
          {delivery.tryAgain}
        </button>
      </div>
    );
  }
  return (
    <div className="ppc-skeleton ppc-skeleton-rows" role="status">
      <span className="ppc-hidden">{staff.listLoading}</span>
      {["a", "b", "c"].map((key) => (
        <span key={key} />
      ))}
    </div>
  );
}

type ListFootProps = Pick<
  InboxPanelProps,
  "inbox" | "view" | "query" | "onOpen" | "onTeam" | "onLeave"
> & {
  readonly rows: readonly Row[];
  /** Whether the list shows no row. */
  readonly isEmpty: boolean;
};

/** Below the list: a button for more, or why the list is empty. */
function ListFoot(props: ListFootProps) {
  const { inbox, view, query, rows, isEmpty, onOpen, onTeam, onLeave } = props;
  const { strings } = usePortal();
  const { staff } = strings;
  const wanted = query.trim();
  if (wanted !== "") {
    // The beginning of a listed id or name is not offered as the id of another player.
    const name = wanted.toLowerCase();
    const isListed = rows.some(
      ({ playerId, playerName }) =>
        playerId.startsWith(wanted) || playerName?.toLowerCase().startsWith(name),
    );
    const canOpen = PLAYER_ID.test(wanted) && !isListed;
    return (
      <div className="ppc-list-foot">
        {rows.length === 0 && <p role="status">{staff.noneFound}</p>}
        {canOpen && (
          <button type="button" className="ppc-link" onClick={() => onOpen(wanted)}>
            {staff.openPlayer(wanted)}
          </button>
        )}
      </div>
    );
  }
  if (isEmpty && rows.length === 0 && inbox.hasLoaded(view)) {
    const elsewhere = view === "pile" ? inbox.elsewhere : 0;
    const [title, text] =
      elsewhere > 0
        ? [strings.desk.noneHere, strings.desk.waitElsewhere(elsewhere)]
        : emptyTextOf(view, strings);
    return (
      <div className="ppc-empty ppc-empty-list">
        <span className="ppc-empty-art" aria-hidden="true">
          <Icon name="inbox" />
        </span>
        <h2>{title}</h2>
        <p>{text}</p>
        {elsewhere > 0 && (
          <button
            type="button"
            className="ppc-button"
            onClick={() => {
              onTeam(ALL_TEAMS);
              onLeave();
            }}
          >
            {strings.desk.showAllTeams}
          </button>
        )}
      </div>
    );
  }
  if (!inbox.hasLoaded(view)) return <NotLoaded inbox={inbox} />;
  if (!inbox.count(view).more) return null;
  return (
    <div className="ppc-list-foot">
      <button type="button" className="ppc-link" onClick={() => void inbox.loadMore(view)}>
        {staff.loadMore}
      </button>
    </div>
  );
}
