import {
  type ReactNode,
  type Ref,
  Suspense,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { type Failure, isTransient } from "../core/api/failure.js";
import type { Chat } from "../core/chat.js";
import type { Conversation } from "../core/conversation/conversation.js";
import type { Timeline } from "../core/conversation/timeline.js";
import { type Aside, Interleaved, idOf } from "../core/notes/interleaved.js";
import { useAttachments } from "../hooks/useAttachments.js";
import { useAutoScroll } from "../hooks/useAutoScroll.js";
import { useObservable } from "../hooks/useObservable.js";
import { usePrinting } from "../hooks/usePrinting.js";
import { useToday } from "../hooks/useToday.js";
import { useUnread } from "../hooks/useUnread.js";
import { dayOf } from "../strings/formats.js";
import { Viewer } from "./attachments/lazy.js";
import { Icon } from "./Icon.js";
import { beginsSession, MessageRow } from "./MessageRow.js";
import { usePortal } from "./PortalContext.js";

/** The list's imperative handle. */
export interface MessageListHandle {
  /** Scrolls to the newest message and keeps the list there. */
  scrollToBottom(): void;
}

interface MessageListProps {
  readonly ref: Ref<MessageListHandle>;
  readonly conversation: Conversation;
  readonly chat: Chat;
  /** Shown while there is no message. */
  readonly empty: ReactNode;
  /** What is shown among the messages, in order. */
  readonly asides?: readonly Aside[];
  /** Shows an aside; `isNewDay` when it is the first of its day. */
  readonly renderAside?: (aside: Aside, isNewDay: boolean) => ReactNode;
  /** Receives the number of messages that arrived below the visible ones. */
  readonly onUnread?: (count: number) => void;
}

/** Within this distance of the top, older messages are loaded, in pixels. */
const BEGINNING = 1_000;

/**
 * How long the virtual list may scroll to an index again, in milliseconds: until no row was measured
 * for 150, which timers of a busy page exceed.
 */
const SCROLLS_ON = 1_000;

const NONE: readonly Aside[] = [];

/** The messages of a conversation, and what is shown among them. Only the visible ones are in the DOM. */
export function MessageList(props: MessageListProps) {
  const { ref, conversation, chat, empty, asides = NONE } = props;
  const { renderAside, onUnread } = props;
  useObservable(conversation);
  const { strings } = usePortal();
  const attachments = useAttachments(chat);
  const [viewed, setViewed] = useState<string | null>(null);
  const { timeline, older, reads } = conversation;
  const lastRead = chat.identity.role === "player" ? reads.lastRead() : undefined;
  const items = new Interleaved(timeline, asides);
  const count = items.length;
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const autoScroll = useAutoScroll(scroller);
  const { isAtBottom, scrollToBottom, isKept } = autoScroll;
  const { unread, firstUnread } = useUnread(chat, conversation, isAtBottom);
  const first = items.at(0);
  const prepended = usePrepended(count, first && idOf(first));
  useLayoutEffect(() => {
    onUnread?.(unread);
  }, [onUnread, unread]);

  const today = useToday();
  const isPrinting = usePrinting();
  useImperativeHandle(ref, () => ({ scrollToBottom }), [scrollToBottom]);

  const last = items.at(count - 1)?.entry;
  const scrollsUntil = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a message was added, or has grown
  useLayoutEffect(() => {
    if (!isKept.current) return;
    scrollToBottom();
    // The virtual list shows a new bubble in the frame in which it is measured, but keeps scrolling
    // for a while whatever the user does: so only for the user's own messages. It keeps scrolling to
    // the same index: a message that comes meanwhile, above or below, moves the end to another one.
    const now = Date.now();
    const isOwn = last && "source" in last && last.source === "outbox";
    if (!isOwn && now > scrollsUntil.current) return;
    scrollsUntil.current = now + SCROLLS_ON;
    list.current?.scrollToIndex(count - 1, { align: "end" });
  }, [scrollToBottom, count, last]);

  const scrolled = () => {
    autoScroll.onScroll();
    const isNearTop = (scroller.current?.scrollTop ?? BEGINNING) < BEGINNING;
    if (isNearTop && older === "more") void conversation.loadOlder();
  };

  const row = (place: number) => {
    const item = items.at(place);
    if (item === undefined) return <div key={place} />;
    const above = items.at(place - 1)?.entry;
    if (item.kind === "aside") {
      const isNewDay = above !== undefined && dayOf(above.at) !== dayOf(item.entry.at);
      return <div key={idOf(item)}>{renderAside?.(item.entry, isNewDay)}</div>;
    }
    const { entry, index } = item;
    const before = timeline.at(index - 1);
    const isBeginning = index === 0 && conversation.loaded && older === "none";
    const begins = isBeginning || beginsSession(before, entry);
    return (
      <MessageRow
        key={entry.messageId}
        entry={entry}
        before={before}
        after={timeline.at(index + 1)}
        asideAbove={items.at(place - 1)?.kind === "aside" ? (above?.at ?? null) : null}
        isAsideBelow={items.at(place + 1)?.kind === "aside"}
        today={today}
        isBeginning={isBeginning}
        answeredBy={begins ? answeredBy(timeline, index) : null}
        isUnreadFrom={entry.at === firstUnread}
        readAt={entry === lastRead ? (reads.otherSide?.at ?? null) : null}
        receipt={reads.receiptOf(entry)}
        viewer={chat.identity}
        chat={chat}
        conversation={conversation}
        onView={setViewed}
      />
    );
  };

  return (
    <div className="ppc-messages">
      <section
        className="ppc-scroller"
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable element must be reachable by keyboard
        tabIndex={0}
        aria-label={strings.messages.label}
        {...autoScroll.handlers}
      >
        <div className="ppc-spacer" />
        {count === 0 && (conversation.loaded ? empty : <Loading failure={conversation.failure} />)}
        {isPrinting ? (
          <ol className="ppc-print">
            {Array.from({ length: count }, (_, index) => (
              <li key={keyAt(items, index)}>{row(index)}</li>
            ))}
          </ol>
        ) : (
          <Virtualizer
            ref={list}
            scrollRef={scroller}
            as="ol"
            item="li"
            shift={prepended}
            bufferSize={400}
            data={{ length: count }}
            onScroll={scrolled}
            onResize={autoScroll.onResize}
          >
            {(_, index) => row(index)}
          </Virtualizer>
        )}
      </section>
      {attachments !== null && viewed !== null && (
        <Suspense>
          <Viewer
            attachments={attachments}
            conversation={conversation}
            first={viewed}
            onClose={() => setViewed(null)}
          />
        </Suspense>
      )}
      <div className="ppc-top-note" role="status">
        {older === "loading" && <span className="ppc-chip">{strings.messages.loadingOlder}</span>}
        {older === "failing" && (
          <span className="ppc-chip">
            {strings.messages.olderFailed}{" "}
            <button
              type="button"
              className="ppc-link"
              onClick={() => void conversation.loadOlder()}
            >
              {strings.delivery.tryAgain}
            </button>
          </span>
        )}
      </div>
      {!isAtBottom && (
        <button
          type="button"
          className="ppc-pill"
          data-unread={unread > 0 || undefined}
          onClick={scrollToBottom}
        >
          <Icon name="down" />
          {unread > 0 ? (
            strings.messages.newCount(unread)
          ) : (
            <span className="ppc-hidden">{strings.messages.toNewest}</span>
          )}
        </button>
      )}
    </div>
  );
}

/** The name of the staff member who answers first in the session of the message at `index`. */
function answeredBy(timeline: Timeline, index: number): string | null {
  const sessionId = timeline.at(index)?.sessionId ?? null;
  for (let next = index; next < timeline.length; next += 1) {
    const entry = timeline.at(next);
    if (entry === undefined || entry.sessionId !== sessionId) return null;
    if (entry.senderType === "staff") return entry.senderName;
  }
  return null;
}

/** A skeleton while the messages load, or why they cannot be loaded. */
function Loading({ failure }: { failure: Failure | null }) {
  const { strings } = usePortal();
  if (failure !== null) {
    return (
      <div className="ppc-empty">
        <p>{isTransient(failure) ? strings.messages.unavailable : strings.messages.closed}</p>
      </div>
    );
  }
  return (
    <div className="ppc-skeleton" role="status">
      <span className="ppc-hidden">{strings.messages.loading}</span>
      {["a", "b", "c", "d"].map((key) => (
        <span key={key} />
      ))}
    </div>
  );
}

/** Whether messages were prepended since the last render: then virtua keeps the scroll position. */
function usePrepended(count: number, firstId: string | undefined): boolean {
  const previous = useRef({ count, firstId });
  const { current: was } = previous;
  const prepended = was.firstId !== undefined && firstId !== was.firstId && count > was.count;
  useLayoutEffect(() => {
    previous.current = { count, firstId };
  });
  return prepended;
}

function keyAt(items: Interleaved, place: number): string | number {
  const item = items.at(place);
  return item === undefined ? place : idOf(item);
}
