import { type KeyboardEvent, useEffect, useRef } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import type { Inbox } from "../../core/inbox/inbox.js";
import type { Row } from "../../core/inbox/row.js";
import { useNow } from "../../hooks/useNow.js";
import { usePortal } from "../PortalContext.js";
import { InboxItem } from "./InboxItem.js";

interface InboxListProps {
  readonly inbox: Inbox;
  readonly rows: readonly Row[];
  readonly chosen: string | null;
  /** Whether each says which status it has. */
  readonly showsStatus: boolean;
  readonly labelledBy: string | null;
  /** Chooses a conversation, while the list keeps the focus. */
  onChoose(playerId: string): void;
  /** Chooses a conversation, and goes to where its answer is written. */
  onOpen(playerId: string): void;
  onReply(): void;
}

/** Waiting times are right to the half minute. */
const TICK_MS = 30_000;

export const optionId = (playerId: string): string => `ppc-option-${playerId}`;

/** The conversations of the inbox, to be gone through with the arrows. */
export function InboxList(props: InboxListProps) {
  const { inbox, rows, chosen, showsStatus, labelledBy, onChoose, onOpen, onReply } = props;
  const { strings } = usePortal();
  const now = useNow(TICK_MS);
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const index = rows.findIndex(({ playerId }) => playerId === chosen);

  // The chosen one stays in sight when one chooses, not when the others move.
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
            row={row}
            isChosen={row.playerId === chosen}
            isUnread={inbox.isUnread(row)}
            showsStatus={showsStatus}
            now={now}
            onOpen={onOpen}
          />
        )}
      </Virtualizer>
    </div>
  );
}
