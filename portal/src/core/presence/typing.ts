import { notifyAll } from "../listeners.js";
import { Observable, type Unsubscribe } from "../observable.js";
import { CLIENT_STOPPED, CLIENT_TYPING, type ClientEvent } from "../realtime/channels.js";
import type { Message } from "../types.js";
import type { Member } from "./member.js";

/** While the user types, the others are told this often, in milliseconds. */
const REPEAT_MS = 3_000;
/** A member is shown as typing for this long after the last event, in milliseconds. */
const SHOWN_MS = 5_000;
/** The shortest time between two typing events that are taken of a member, in milliseconds. */
const TAKEN_EVERY_MS = 1_000;
/** The shortest time between two typing events of the user: above that of the receivers. */
const SENT_EVERY_MS = 1_200;
/** A member who begins to type again within this time is not announced again, in milliseconds. */
const ANNOUNCED_EVERY_MS = 60_000;

/** The presence channel of a conversation. */
export interface TypingChannel {
  /** The other members, by id. */
  others(): ReadonlyMap<string, Member>;
  /** Sends an event to the other members. */
  send(event: ClientEvent): void;
}

/** Who types in a conversation: sends that the user does, and has the others who do. */
export class Typing extends Observable {
  readonly #channel: TypingChannel;
  readonly #beginListeners = new Set<(member: Member) => void>();
  /** The members who type, in the order in which they began, each with the timer that ends it. */
  readonly #typists = new Map<string, ReturnType<typeof setTimeout>>();
  /** When the last typing event of each member was taken, in milliseconds since 1970. */
  readonly #takenAt = new Map<string, number>();
  readonly #announcedAt = new Map<string, number>();
  /** The others at the last change of the members. */
  #known: ReadonlySet<string> = new Set();
  /** Whether the others show the user as typing, unless the last event is too long ago. */
  #isTyping = false;
  #sentAt = Number.NEGATIVE_INFINITY;
  /** When the next typing event may be sent, in milliseconds since 1970. */
  #nextAt = Number.NEGATIVE_INFINITY;

  constructor(channel: TypingChannel) {
    super();
    this.#channel = channel;
  }

  /** The members who type, in the order in which they began. */
  get typists(): Member[] {
    const others = this.#channel.others();
    return [...this.#typists.keys()].flatMap((id) => others.get(id) ?? []);
  }

  get isPlayerTyping(): boolean {
    return this.typists.some(({ role }) => role === "player");
  }

  /** Calls `listener` when a member begins to type; at most once a minute for each member. */
  onBegin(listener: (member: Member) => void): Unsubscribe {
    this.#beginListeners.add(listener);
    return () => this.#beginListeners.delete(listener);
  }

  /** The user has changed the text of the composer to `text`. */
  edited(text: string): void {
    if (text.trim() === "") {
      this.stop();
      return;
    }
    const now = Date.now();
    if (this.#channel.others().size === 0 || now < this.#nextAt) return;
    this.#isTyping = true;
    this.#sentAt = now;
    this.#nextAt = now + REPEAT_MS;
    this.#channel.send(CLIENT_TYPING);
  }

  /** The user has sent the message, or left the composer or the conversation. */
  stop(): void {
    if (!this.#isTyping) return;
    this.#isTyping = false;
    this.#nextAt = this.#sentAt + SENT_EVERY_MS;
    const isShown = Date.now() - this.#sentAt < SHOWN_MS;
    if (isShown && this.#channel.others().size > 0) this.#channel.send(CLIENT_STOPPED);
  }

  /** Handles a client event of the member `userId`; any other name or sender has no effect. */
  receive(event: string, userId: string | undefined): void {
    if (userId === undefined || !this.#channel.others().has(userId)) return;
    if (event === CLIENT_STOPPED && this.#end(userId)) this.changed();
    if (event === CLIENT_TYPING) this.#begin(userId);
  }

  /** The sender of a message that has arrived no longer types. */
  receiveMessage({ senderType, senderName }: Pick<Message, "senderType" | "senderName">): void {
    // Staff have one name for messages and presence; a player receives no ids of staff.
    const isSender = ({ role, name }: Member) =>
      role === senderType && (role === "player" || name === senderName);
    this.#endAll(this.typists.filter(isSender).map(({ id }) => id));
  }

  /** The members of the channel have changed. */
  membersChanged(): void {
    const others = this.#channel.others();
    const isAnyNew = [...others.keys()].some((id) => !this.#known.has(id));
    this.#known = new Set(others.keys());
    // A new member is told with the next change of the text.
    if (isAnyNew) this.#nextAt = Math.min(this.#nextAt, this.#sentAt + SENT_EVERY_MS);
    for (const remembered of [this.#takenAt, this.#announcedAt])
      for (const id of remembered.keys()) if (!others.has(id)) remembered.delete(id);
    this.#endAll([...this.#typists.keys()].filter((id) => !others.has(id)));
  }

  #begin(id: string): void {
    const now = Date.now();
    if (now - (this.#takenAt.get(id) ?? Number.NEGATIVE_INFINITY) < TAKEN_EVERY_MS) return;
    this.#takenAt.set(id, now);
    const isNew = !this.#typists.has(id);
    clearTimeout(this.#typists.get(id));
    this.#typists.set(
      id,
      setTimeout(() => this.#endAll([id]), SHOWN_MS),
    );
    if (!isNew) return;
    this.changed();
    const member = this.#channel.others().get(id);
    const announcedAt = this.#announcedAt.get(id) ?? Number.NEGATIVE_INFINITY;
    if (member === undefined || now - announcedAt < ANNOUNCED_EVERY_MS) return;
    this.#announcedAt.set(id, now);
    notifyAll(this.#beginListeners, member);
  }

  #endAll(ids: readonly string[]): void {
    const ended = ids.filter((id) => this.#end(id));
    if (ended.length > 0) this.changed();
  }

  /** Whether the member was shown as typing. */
  #end(id: string): boolean {
    clearTimeout(this.#typists.get(id));
    return this.#typists.delete(id);
  }
}
