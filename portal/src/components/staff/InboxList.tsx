import {
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
} from "react";

import { Virtualizer, type VirtualizerHandle } from "virtua";
import type { Clock } from "../../core/clock.js";
import type { StaffDirectory } from "../../core/desk/staff.js";
import type { Drafts } from "../../core/drafts.js";
import type { Inbox } from "../../core/inbox/inbox.js";
import type { Row } from "../../core/inbox/row.js";
import type { ConversationPresence } from "../../core/presence/conversationPresence.js";
import { useNow } from "../../hooks/useNow.js";
import { useObservable } from "../../hooks/useObservable.js";
import { useStableOrder } from "../../hooks/useStableOrder.js";
import { usePortal } from "../PortalContext.js";
import { InboxItem } from "./InboxItem.js";

interface InboxListProps {
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly drafts: Drafts;
  readonly rows: readonly Row[];
  readonly chosen: string | null;
  /** Who else has the chosen conversation open; null for none. */
  readonly presence: ConversationPresence | null;
  /** Whether each row shows its status. */
  readonly showsStatus: boolean;
  /** The user, where staff assigns conversations; null where it does not. */
  readonly userId: string | null;
  /** Has the colleagues who are away; null where staff does not assign conversations. */
  readonly directory: StaffDirectory | null;
  readonly labelledBy: string | null;
  /** Chooses a conversation; the list keeps the focus. */
  onChoose(playerId: string): void;
  /** Chooses a conversation and moves the focus to the composer. */
  onOpen(playerId: string): void;
  onReply(): void;
  /** Renders what is below the list; `isEmpty` while the list shows no row. */
  foot(isEmpty: boolean): ReactNode;
}

/** How often waiting times are updated, in milliseconds. */
const TICK_MS = 30_000;

const optionId = (playerId: string): string => `ppc-option-${playerId}`;

/** The conversations of the inbox, as a list box with arrow keys. */
export function InboxList(props: InboxListProps) {
  const { inbox, clock, drafts, chosen, presence, showsStatus, userId, labelledBy } = props;
  const { directory } = props;
  const { onChoose, onOpen, onReply, foot } = props;
  const { strings } = usePortal();
  useObservable(drafts);
  useObservable(directory);
  useObservable(presence?.typing ?? null);
  const now = useNow(clock, TICK_MS);
  const { rows, waiting, release, handlers } = useStableOrder(props.rows, (playerId) =>
    inbox.row(playerId),
  );
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const index = rows.findIndex(({ playerId }) => playerId === chosen);

  useScrollAnchor(list, scroller, rows);

  // Scrolls to the chosen row when the choice changes, not when rows move.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    if (index >= 0) list.current?.scrollToIndex(index, { align: "nearest" });
  }, [chosen]);

  const press = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: Math.max(0, index - 1),
      Home: 0,
      End: rows.length - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      const row = rows[Math.min(to, rows.length - 1)];
      if (row !== undefined) onChoose(row.playerId);
    } else if (event.key === "Enter" && index >= 0) {
      event.preventDefault();
      onReply();
    }
  };

  return (
    <>
      <div className="ppc-list-place">
        {waiting > 0 && (
          <button type="button" className="ppc-pill ppc-list-pill" data-unread onClick={release}>
            {strings.staff.newRows(waiting)}
          </button>
        )}
        <div
          id="ppc-inbox-list"
          className="ppc-list"
          ref={scroller}
          role="listbox"
          tabIndex={0}
          {...(labelledBy === null
            ? { "aria-label": strings.staff.inboxLabel }
            : { "aria-labelledby": labelledBy })}
          aria-activedescendant={index >= 0 ? optionId(rows[index]?.playerId ?? "") : undefined}
          onKeyDown={press}
          {...handlers}
        >
          <Virtualizer
            ref={list}
            scrollRef={scroller}
            data={rows}
            itemSize={76}
            keepMounted={index >= 0 ? [index] : []}
          >
            {(row) => (
              <InboxItem
                key={row.playerId}
                id={optionId(row.playerId)}
                row={row}
                isChosen={row.playerId === chosen}
                draft={row.playerId === chosen ? "" : drafts.of(row.playerId)}
                isTyping={row.playerId === chosen && presence?.typing.isPlayerTyping === true}
                isUnread={inbox.isUnread(row)}
                unread={inbox.unreadCount(row)}
                showsStatus={showsStatus}
                userId={userId}
                isOwnerAway={directory?.isColleagueAway(row.session?.assigneeId ?? null) ?? false}
                isGiven={inbox.own.isGiven(row.playerId)}
                now={now}
                onOpen={onOpen}
              />
            )}
          </Virtualizer>
        </div>
      </div>
      {foot(rows.length === 0)}
    </>
  );
}

/** The position of the first visible row. */
interface ScrollAnchor {
  readonly playerId: string;
  /** How far its top is above the list's, in pixels. */
  readonly above: number;
}

/**
 * Keeps the first visible row in place when rows above it change, except at the top of the list.
 */
function useScrollAnchor(
  list: RefObject<VirtualizerHandle | null>,
  scroller: RefObject<HTMLElement | null>,
  rows: readonly Row[],
): void {
  const first = useRef<ScrollAnchor | null>(null);
  const before = useRef(rows);
  useLayoutEffect(() => {
    const { current: element } = scroller;
    if (element === null) return;
    const remember = () => {
      const { current: handle } = list;
      const { scrollTop } = element;
      const index = handle?.findItemIndex(scrollTop) ?? -1;
      const row = before.current[index];
      if (handle === null || row === undefined || scrollTop <= 0) first.current = null;
      else
        first.current = { playerId: row.playerId, above: scrollTop - handle.getItemOffset(index) };
    };
    element.addEventListener("scroll", remember, { passive: true });
    return () => element.removeEventListener("scroll", remember);
  }, [list, scroller]);
  useLayoutEffect(() => {
    if (before.current === rows) return;
    before.current = rows;
    const { current: anchor } = first;
    const { current: handle } = list;
    if (anchor === null || handle === null) return;
    const index = rows.findIndex(({ playerId }) => playerId === anchor.playerId);
    if (index >= 0) handle.scrollTo(handle.getItemOffset(index) + anchor.above);
  });
}
