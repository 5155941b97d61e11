import { position } from "../src/core/order.js";
import { type Message, PRIORITIES, type Priority, type Session } from "../src/core/types.js";
import { assignedAfter, inOrder, type StoredAssignment } from "./assignments.js";

/** A stored message. */
export type Stored = Message & { readonly seq: number; readonly sessionId: string };

/** A stored conversation. */
export interface Conversation {
  readonly messages: Stored[];
  lastSeq: number;
  session: Session | null;
  /** How far each reader has read: `player`, or `staff:` and an id. */
  readonly reads: Map<string, StoredRead>;
}

/** How far a reader has read a conversation. */
export interface StoredRead {
  readonly seq: number;
  readonly messageId: string | null;
  /** When the last mark as read was accepted; 0 for none. In microseconds since 1970. */
  readonly readAt: number;
  /** When the last mark as unread was accepted; 0 for none. In microseconds since 1970. */
  readonly unreadAt: number;
}

/** A mark that a reader requested. */
export interface Mark {
  readonly playerId: string;
  readonly reader: string;
  /** Everything up to and with this message is read. */
  readonly messageId?: string;
  /** Everything from this message on is unread. */
  readonly unreadFrom?: string;
  readonly at: number;
}

/** A change of status that staff requested. */
export interface Change {
  readonly playerId: string;
  readonly status: "active" | "resolved";
  readonly changeId: string;
  readonly sessionId?: string;
  readonly lastSeq?: number;
  readonly actorId?: string | null;
  readonly actorName?: string | null;
  readonly at: number;
}

/** A change of a session's tags or priority that staff requested. */
export interface SessionEdit {
  readonly playerId: string;
  readonly changeId?: string;
  readonly sessionId?: string;
  readonly tags?: { readonly add?: readonly string[]; readonly remove?: readonly string[] };
  readonly priority?: Priority;
  readonly at: number;
}

/** The result of a change: the session, and whether the change had no effect. */
export interface Changed {
  readonly session: Session;
  readonly isStale: boolean;
}

/** The result of a write: the session if it changed, or that another message has the id. */
export type Written = { readonly session: Session | null; readonly isRejected: boolean };

/** The database: conversations with their messages and latest session. */
export class Store {
  readonly #conversations = new Map<string, Conversation>();
  readonly #byId = new Map<string, Message>();
  /** The assignments of each session, in order. */
  readonly #assignments = new Map<string, StoredAssignment[]>();
  /** The team to whose pile each session came first. */
  readonly #topics = new Map<string, string>();

  conversation(playerId: string): Conversation {
    const known = this.#conversations.get(playerId);
    if (known !== undefined) return known;
    const made: Conversation = { messages: [], lastSeq: 0, session: null, reads: new Map() };
    this.#conversations.set(playerId, made);
    return made;
  }

  /**
   * Writes a message unless one with its id is stored; `topic` is the team to whose pile the session
   * goes that it opens.
   */
  write(message: Message, topic: string | null = null): Written {
    const known = this.#byId.get(message.messageId);
    if (known !== undefined) return { session: null, isRejected: !isSame(known, message) };
    const conversation = this.conversation(message.playerId);
    const { messages } = conversation;
    this.#byId.set(message.messageId, message);
    const { session, changed } = sessionAfter(conversation.session, message, topic);
    if (changed && session.version === 1 && topic !== null) this.#topics.set(session.id, topic);
    conversation.session = session;
    conversation.lastSeq += 1;
    const stored = { ...message, seq: conversation.lastSeq, sessionId: session.id };
    messages.splice(position(messages, message), 0, stored);
    return { session: changed ? session : null, isRejected: false };
  }

  /** Removes the messages after `lastSeq`, like a restored database. */
  setBack(playerId: string, lastSeq: number): void {
    const conversation = this.conversation(playerId);
    const kept = conversation.messages.filter(({ seq }) => seq <= lastSeq);
    for (const { messageId, seq } of conversation.messages)
      if (seq > lastSeq) this.#byId.delete(messageId);
    conversation.messages.splice(0, Number.POSITIVE_INFINITY, ...kept);
    conversation.lastSeq = lastSeq;
    for (const [reader, { seq }] of conversation.reads)
      if (seq > lastSeq) conversation.reads.delete(reader);
    if (conversation.session !== null)
      conversation.session = { ...conversation.session, version: 1 };
  }

  /**
   * Takes or resolves the open session, or reopens the named one, unless the player wrote since.
   */
  change({ playerId, status, at, ...change }: Change): Changed | null {
    const conversation = this.conversation(playerId);
    const { session, messages } = conversation;
    if (session === null) return null;
    const hasMovedOn = messages.some(
      ({ senderType, sessionId, seq }) =>
        senderType === "player" &&
        sessionId === session.id &&
        seq > (change.lastSeq ?? Number.POSITIVE_INFINITY),
    );
    const isAnother = change.sessionId !== undefined && change.sessionId !== session.id;
    // Reopening must name the resolved session.
    const reopens = status === "active" && change.sessionId === session.id;
    const isDone = session.status === status || (session.status === "resolved" && !reopens);
    if (isDone || isAnother || hasMovedOn) return { session, isStale: true };
    conversation.session = {
      ...session,
      status,
      resolvedAt: status === "resolved" ? at : null,
      actorId: change.actorId ?? null,
      actorName: change.actorName ?? null,
      version: session.version + 1,
    };
    return { session: conversation.session, isStale: false };
  }

  /** Applies an assignment; null when there is no session. */
  assign(change: StoredAssignment): (Changed & { readonly hasChanged: boolean }) | null {
    const conversation = this.conversation(change.playerId);
    const { session } = conversation;
    if (session === null) return null;
    const isAnother = change.sessionId !== undefined && change.sessionId !== session.id;
    const isLate = session.resolvedAt !== null && change.at > session.resolvedAt;
    if (isAnother || isLate || change.at < session.openedAt)
      return { session, isStale: true, hasChanged: false };
    const changes = this.#assignments.get(session.id) ?? [];
    this.#assignments.set(session.id, changes);
    if (!changes.some(({ changeId }) => changeId === change.changeId)) changes.push(change);
    changes.sort(inOrder);
    const assigned = assignedAfter(changes, this.#topics.get(session.id) ?? null);
    const isTaken = assigned.assigneeId !== null || isAnswered(conversation);
    const open = isTaken ? "active" : "pending";
    const status = session.status === "resolved" ? "resolved" : open;
    const hasChanged =
      status !== session.status ||
      assigned.assigneeId !== session.assigneeId ||
      assigned.team !== session.team;
    if (!hasChanged) return { session, isStale: false, hasChanged };
    const isHandedOver = assigned.assigneeId !== session.assigneeId;
    const { actorId, actorName } = isHandedOver ? (changes.at(-1) ?? change) : session;
    conversation.session = {
      ...session,
      ...assigned,
      ...{ status, actorId, actorName },
      version: session.version + 1,
    };
    return { session: conversation.session, isStale: false, hasChanged };
  }

  /** Changes the tags or the priority of the open session, or of the named one. */
  edit({ playerId, sessionId, tags = {}, priority }: SessionEdit): Changed | null {
    const conversation = this.conversation(playerId);
    const { session } = conversation;
    if (session === null) return null;
    if (sessionId !== undefined && sessionId !== session.id) return { session, isStale: true };
    const { add = [], remove = [] } = tags;
    const kept = new Set([...session.tags, ...add]);
    for (const tag of remove) kept.delete(tag);
    conversation.session = {
      ...session,
      tags: [...kept].sort(),
      priority: priority ?? session.priority,
      version: session.version + 1,
    };
    return { session: conversation.session, isStale: false };
  }

  /**
   * Applies a mark; null when it has no effect: its message is not stored, or the reader has read
   * further, or has made a later mark of the other kind.
   */
  mark({ playerId, reader, messageId, unreadFrom, at }: Mark): StoredRead | null {
    const { messages, reads } = this.conversation(playerId);
    const wanted = (messageId ?? unreadFrom)?.toLowerCase();
    const message = messages.find((one) => one.messageId === wanted);
    if (message === undefined) return null;
    const known = reads.get(reader) ?? { seq: 0, messageId: null, readAt: 0, unreadAt: 0 };
    const isLater = messageId === undefined ? at > known.readAt : at > known.unreadAt;
    if (!isLater || (messageId !== undefined && message.seq <= known.seq)) return null;
    const seq = messageId === undefined ? message.seq - 1 : message.seq;
    const last = messages.find((one) => one.seq === seq);
    const times = messageId === undefined ? { unreadAt: at } : { readAt: at };
    const read = { ...known, ...times, seq, messageId: last?.messageId ?? null };
    reads.set(reader, read);
    return read;
  }

  /** Resolves the open session. */
  resolve(playerId: string, at: number): void {
    this.change({ playerId, status: "resolved", changeId: crypto.randomUUID(), at });
  }

  /**
   * The conversations whose latest session has one of `statuses`; with `assignee` only those of that
   * member of the staff, or those that no member has for `none`.
   */
  inbox(
    statuses: readonly string[],
    order = "latest",
    assignee: string | null = null,
  ): { playerId: string; conversation: Conversation }[] {
    const first = order === "waiting" ? longestWaiting : latest;
    return [...this.#conversations]
      .map(([playerId, conversation]) => ({ playerId, conversation }))
      .filter(({ conversation: { session } }) => {
        if (!statuses.includes(session?.status ?? "")) return false;
        return assignee === null || (session?.assigneeId ?? "none") === assignee;
      })
      .sort((a, b) => first(a.conversation, b.conversation));
  }
}

const isSame = (a: Message, b: Message): boolean =>
  a.playerId === b.playerId && a.senderType === b.senderType && a.content === b.content;

const latest = (a: Conversation, b: Conversation): number => lastAt(b) - lastAt(a);

/** By priority; then conversations without a waiting player come last, the latest first. */
function longestWaiting(a: Conversation, b: Conversation): number {
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0) return rank;
  const since = (waitingSince(a) ?? Infinity) - (waitingSince(b) ?? Infinity);
  return since || latest(a, b);
}

const rankOf = ({ session }: Conversation): number =>
  PRIORITIES.indexOf(session?.priority ?? "normal");

/** Whether staff has written in the latest session. */
const isAnswered = ({ messages, session }: Conversation): boolean =>
  messages.some(({ senderType, sessionId }) => senderType === "staff" && sessionId === session?.id);

const lastAt = ({ messages }: Conversation): number => messages.at(-1)?.at ?? 0;

/** The player's messages in the open session since staff's last answer. */
export function unansweredMessages({ messages, session }: Conversation): Stored[] {
  if (session === null || session.status === "resolved") return [];
  const ofSession = messages.filter(({ sessionId }) => sessionId === session.id);
  return ofSession.slice(1 + ofSession.findLastIndex(({ senderType }) => senderType === "staff"));
}

/** Since when the player waits; null when the player does not wait. */
export const waitingSince = (conversation: Conversation): number | null =>
  unansweredMessages(conversation)[0]?.at ?? null;

/** The player's messages that `reader` has not read; without a mark those since staff's last one. */
export function unreadMessages({ messages, reads }: Conversation, reader: string): Stored[] {
  const bySeq = [...messages].sort((a, b) => a.seq - b.seq);
  const lastOfStaff = bySeq.findLast(({ senderType }) => senderType === "staff")?.seq ?? 0;
  const read = reads.get(reader)?.seq ?? lastOfStaff;
  return bySeq.filter(({ senderType, seq }) => senderType === "player" && seq > read);
}

/** What staff keeps about a session, of a new one. */
export const NO_DESK_FACTS = {
  assigneeId: null,
  assigneeName: null,
  assignedAt: null,
  team: null,
  tags: [],
  priority: "normal",
  language: null,
} as const;

function sessionAfter(
  open: Session | null,
  message: Message,
  topic: string | null,
): { session: Session; changed: boolean } {
  const answers = message.senderType === "staff";
  // A staff message after the resolution belongs to the resolved session.
  if (answers && open?.status === "resolved") return { session: open, changed: false };
  if (open === null || open.status === "resolved") {
    const session: Session = {
      id: crypto.randomUUID(),
      playerId: message.playerId,
      playerName: answers ? (open?.playerName ?? null) : message.playerName,
      status: answers ? "active" : "pending",
      openedAt: message.at,
      lastMessageAt: message.at,
      resolvedAt: null,
      actorId: null,
      actorName: null,
      ...NO_DESK_FACTS,
      team: topic,
      version: 1,
    };
    return { session, changed: true };
  }
  const taken = answers && open.status === "pending";
  const playerName = answers ? open.playerName : (message.playerName ?? open.playerName);
  const session = { ...open, playerName, lastMessageAt: Math.max(open.lastMessageAt, message.at) };
  if (!taken) return { session, changed: false };
  return { session: { ...session, status: "active", version: open.version + 1 }, changed: true };
}
