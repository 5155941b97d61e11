import { position } from "../src/core/order.js";
import type { Message, Session, SessionStatus } from "../src/core/types.js";

/** A message as the database has it. */
export type Stored = Message & { readonly seq: number; readonly sessionId: string };

/** A conversation as the database has it. */
export interface Conversation {
  readonly messages: Stored[];
  readonly ids: Set<string>;
  lastSeq: number;
  session: Session | null;
}

/** What the persister has written: conversations with their messages and latest session. */
export class Store {
  readonly #conversations = new Map<string, Conversation>();

  conversation(playerId: string): Conversation {
    const known = this.#conversations.get(playerId);
    if (known !== undefined) return known;
    const made: Conversation = { messages: [], ids: new Set(), lastSeq: 0, session: null };
    this.#conversations.set(playerId, made);
    return made;
  }

  /** Writes a message unless it is there; the session if it changed by it. */
  write(message: Message): Session | null {
    const conversation = this.conversation(message.playerId);
    const { messages, ids } = conversation;
    if (ids.has(message.messageId)) return null;
    ids.add(message.messageId);
    const { session, changed } = sessionAfter(conversation.session, message);
    conversation.session = session;
    conversation.lastSeq += 1;
    const stored = { ...message, seq: conversation.lastSeq, sessionId: session.id };
    messages.splice(position(messages, message), 0, stored);
    return changed ? session : null;
  }

  /** Forgets what came after `lastSeq`, as a database does that was restored. */
  setBack(playerId: string, lastSeq: number): void {
    const conversation = this.conversation(playerId);
    const kept = conversation.messages.filter(({ seq }) => seq <= lastSeq);
    conversation.messages.splice(0, Number.POSITIVE_INFINITY, ...kept);
    conversation.ids.clear();
    for (const { messageId } of kept) conversation.ids.add(messageId);
    conversation.lastSeq = lastSeq;
    if (conversation.session !== null)
      conversation.session = { ...conversation.session, version: 1 };
  }

  /** Takes or resolves the open session; null when there is none. */
  change(playerId: string, status: SessionStatus, at: number): Session | null {
    const conversation = this.conversation(playerId);
    const { session } = conversation;
    if (session === null || session.status === "resolved" || session.status === status) return null;
    const resolvedAt = status === "resolved" ? at : null;
    conversation.session = { ...session, status, resolvedAt, version: session.version + 1 };
    return conversation.session;
  }

  /** The conversations whose latest session has one of `statuses`, the latest message first. */
  inbox(statuses: readonly string[]): { playerId: string; conversation: Conversation }[] {
    return [...this.#conversations]
      .map(([playerId, conversation]) => ({ playerId, conversation }))
      .filter(({ conversation }) => statuses.includes(conversation.session?.status ?? ""))
      .sort((a, b) => lastAt(b.conversation) - lastAt(a.conversation));
  }
}

const lastAt = ({ messages }: Conversation): number => messages.at(-1)?.at ?? 0;

function sessionAfter(
  open: Session | null,
  message: Message,
): { session: Session; changed: boolean } {
  const answers = message.senderType === "staff";
  if (open === null || open.status === "resolved") {
    const session: Session = {
      id: crypto.randomUUID(),
      playerId: message.playerId,
      playerName: message.playerName,
      status: answers ? "active" : "pending",
      openedAt: message.at,
      lastMessageAt: message.at,
      resolvedAt: null,
      version: 1,
    };
    return { session, changed: true };
  }
  const taken = answers && open.status === "pending";
  const playerName = message.playerName ?? open.playerName;
  const session = { ...open, playerName, lastMessageAt: Math.max(open.lastMessageAt, message.at) };
  if (!taken) return { session, changed: false };
  return { session: { ...session, status: "active", version: open.version + 1 }, changed: true };
}
