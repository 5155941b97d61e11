import {
  type ReactNode,
  type Ref,
  useCallback,
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
import { useObservable } from "../hooks/useObservable.js";
import { usePrinting } from "../hooks/usePrinting.js";
import { useToday } from "../hooks/useToday.js";
import { useUnread } from "../hooks/useUnread.js";
import { Icon } from "./Icon.js";
import { beginsSession, MessageRow } from "./MessageRow.js";
import { usePortal } from "./PortalContext.js";

/** What can be asked of the list. */
export interface MessageListHandle {
  /** Goes to the newest message, and stays there. */
  toEnd(): void;
}

interface MessageListProps {
  readonly ref: Ref<MessageListHandle>;
  readonly conversation: Conversation;
  readonly chat: Chat;
  /** What stands there while there is no message. */
  readonly empty: ReactNode;
  /** How many messages have arrived below of what the reader looks at. */
  readonly onUnread?: (count: number) => void;
}

/** So near to the end the reader is taken to be at it, in pixels. */
const END = 60;
/** So near to the beginning of what is loaded, more is loaded. */
const BEGINNING = 1_000;

/** The messages of a conversation: only those in sight are in the page, however many there are. */
export function MessageList({ ref, conversation, chat, empty, onUnread }: MessageListProps) {
  useObservable(conversation);
  const { strings } = usePortal();
  const { timeline, older } = conversation;
  const count = timeline.length;
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const follows = useRef(true);
  const end = useRef(0);
  const [atEnd, setAtEnd] = useState(true);
  const { unread, firstUnread } = useUnread(chat, conversation, atEnd);
  const prepended = usePrepended(count, timeline.at(0)?.messageId);
  useLayoutEffect(() => onUnread?.(unread), [onUnread, unread]);

  const today = useToday();
  const isPrinting = usePrinting();
  const toEnd = useCallback(() => {
    follows.current = true;
    setAtEnd(true);
    const { current: element } = scroller;
    if (element === null) return;
    element.scrollTop = element.scrollHeight;
    end.current = element.scrollTop;
  }, []);
  useImperativeHandle(ref, () => ({ toEnd }), [toEnd]);

  // A message more, or one that has grown: whoever is at the end stays there.
  const last = timeline.at(count - 1);
  useLayoutEffect(() => {
    if (!follows.current) return;
    toEnd();
    // The list's own way gets a new bubble into sight in the frame in which it is measured; but it goes
    // on for a while, whatever the reader does, so it is for who has just pressed Enter.
    if (last?.source === "outbox") list.current?.scrollToIndex(count - 1, { align: "end" });
  }, [toEnd, count, last]);

  // Whoever begins to scroll is not pulled back by what is measured at the same time.
  const letGo = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = scroller.current ?? {};
    if (scrollTop > 0 && scrollHeight > clientHeight) follows.current = false;
  };

  // A list that does not overflow is at its end, and then nothing tells of scrolling any more.
  const settle = useCallback(() => {
    const { scrollHeight = 0, clientHeight = 0 } = scroller.current ?? {};
    if (follows.current || scrollHeight <= clientHeight) toEnd();
  }, [toEnd]);
  useLayoutEffect(() => {
    const { current: element } = scroller;
    if (element === null) return;
    const observer = new ResizeObserver(settle);
    observer.observe(element);
    return () => observer.disconnect();
  }, [settle]);

  const scrolled = () => {
    const { current: element } = scroller;
    if (element === null) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    const isAtEnd = scrollHeight - clientHeight - scrollTop < END;
    if (isAtEnd) {
      follows.current = true;
      end.current = scrollTop;
    } else if (scrollTop < end.current) {
      follows.current = false;
    } else if (follows.current) {
      // What was measured turned out higher than it was taken for: nobody has scrolled.
      toEnd();
    }
    setAtEnd(follows.current);
    if (scrollTop < BEGINNING && older === "more") void conversation.loadOlder();
  };

  const row = (index: number) => {
    const entry = timeline.at(index);
    if (entry === undefined) return <div key={index} />;
    const before = timeline.at(index - 1);
    const isBeginning = index === 0 && conversation.loaded && older === "none";
    const begins = isBeginning || beginsSession(before, entry);
    return (
      <MessageRow
        key={entry.messageId}
        entry={entry}
        before={before}
        after={timeline.at(index + 1)}
        today={today}
        isBeginning={isBeginning}
        answeredBy={begins ? answeredBy(timeline, index) : null}
        isUnreadFrom={entry.at === firstUnread}
        viewer={chat.identity}
        conversation={conversation}
      />
    );
  };

  return (
    <div className="ppc-messages">
      <section
        className="ppc-scroller"
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within the keyboard's reach
        tabIndex={0}
        aria-label={strings.messages.label}
        onWheel={({ deltaY }) => deltaY < 0 && letGo()}
        onTouchMove={letGo}
      >
        <div className="ppc-spacer" />
        {count === 0 && (conversation.loaded ? empty : <Loading failure={conversation.failure} />)}
        {isPrinting ? (
          <ol className="ppc-print">
            {Array.from({ length: count }, (_, index) => (
              <li key={timeline.at(index)?.messageId}>{row(index)}</li>
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
            onResize={settle}
          >
            {(_, index) => row(index)}
          </Virtualizer>
        )}
      </section>
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
      {!atEnd && (
        <button
          type="button"
          className="ppc-pill"
          data-unread={unread > 0 || undefined}
          onClick={toEnd}
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

/** The name of the staff that first answers in the session of the message at `index`. */
function answeredBy(timeline: Timeline, index: number): string | null {
  const sessionId = timeline.at(index)?.sessionId ?? null;
  for (let next = index; next < timeline.length; next += 1) {
    const entry = timeline.at(next);
    if (entry === undefined || entry.sessionId !== sessionId) return null;
    if (entry.senderType === "staff") return entry.senderName;
  }
  return null;
}

/** Shapes of messages, while they are being loaded. */
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

/** Whether messages were put before the first since the last time: then the place is kept from the end. */
function usePrepended(count: number, firstId: string | undefined): boolean {
  const previous = useRef({ count, firstId });
  const { current: was } = previous;
  const prepended = was.firstId !== undefined && firstId !== was.firstId && count > was.count;
  useLayoutEffect(() => {
    previous.current = { count, firstId };
  });
  return prepended;
}
