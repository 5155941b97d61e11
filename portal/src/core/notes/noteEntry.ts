import type { Delivery, Source } from "../conversation/timeline.js";
import type { SortKey } from "../order.js";
import type { OutboxItem } from "../outbox/item.js";
import type { Note } from "../types.js";

/** A note as the desk shows it. Immutable: a change makes a new entry. */
export interface NoteEntry extends Note {
  readonly source: Source;
  /** Null for notes that this page has not sent. */
  readonly delivery: Delivery | null;
}

/** The place of a note among messages and other notes. */
export const keyOf = ({ at, noteId }: Note): SortKey => ({ at, messageId: noteId });

/** Whether `entry` is accepted, which fixes its place. */
export function isPlaced({ delivery }: NoteEntry): boolean {
  return delivery === null || delivery.state === "accepted" || delivery.state === "delivered";
}

/** The entry of an outbox item, whose `messageId` is the note's id. */
export function entryOfItem(item: OutboxItem, delivery: Delivery): NoteEntry {
  return {
    noteId: item.messageId,
    playerId: item.playerId,
    sessionId: null,
    authorId: item.senderId,
    authorName: item.senderName,
    content: item.content,
    mentions: [],
    at: item.acceptedAt ?? item.writtenAt * 1000,
    truncated: false,
    source: "outbox",
    delivery,
  };
}

const TRUST: Record<Source, number> = { outbox: 0, event: 1, history: 2 };

/** The entry to show of two of one note: a page decides over an event, an event over the outbox. */
export function merged(known: NoteEntry | undefined, received: NoteEntry): NoteEntry {
  if (known === undefined) return received;
  if (TRUST[received.source] < TRUST[known.source]) return known;
  if (received.source === "event" && known.source === "event") return known;
  const delivery: Delivery | null =
    received.source === "outbox" || known.delivery === null
      ? received.delivery
      : { state: "delivered" };
  // The outbox has the whole content; an event may carry only its beginning.
  const keepsContent = received.truncated && !known.truncated;
  return {
    ...received,
    delivery,
    content: keepsContent ? known.content : received.content,
    truncated: received.truncated && known.truncated,
  };
}
