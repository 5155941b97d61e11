import { Observable, type Unsubscribe } from "../observable.js";
import { presenceChannel } from "../realtime/channels.js";
import type { DeferredRealtime } from "../realtime/deferredRealtime.js";
import type { ChannelMembers } from "../realtime/realtime.js";
import { type Member, parseMember } from "./member.js";
import { Typing } from "./typing.js";

/** Who else has a conversation open. Without the presence channel, that is no one. */
export class ConversationPresence extends Observable {
  readonly typing: Typing;
  readonly #channel: string;
  readonly #realtime: DeferredRealtime;
  /** The other members, by id. */
  #others: ReadonlyMap<string, Member> = new Map();
  #leave: Unsubscribe | null = null;

  constructor(playerId: string, realtime: DeferredRealtime) {
    super();
    const channel = presenceChannel(playerId);
    this.#channel = channel;
    this.#realtime = realtime;
    this.typing = new Typing({
      others: () => this.#others,
      send: (event) => realtime.trigger(channel, event),
    });
  }

  /** Whether the player has the conversation open; false at the player's own. */
  get isPlayerHere(): boolean {
    return [...this.#others.values()].some(({ role }) => role === "player");
  }

  /** The staff who have the conversation open, without the user. */
  get staff(): Member[] {
    return [...this.#others.values()].filter(({ role }) => role === "staff");
  }

  /** Subscribes, where the gateway has presence channels. */
  join(): void {
    this.#leave ??= this.#realtime.listen(
      ({ conversationPresence }) => (conversationPresence === true ? this.#channel : null),
      {
        members: (members) => this.#setMembers(members),
        event: (name, _data, userId) => this.typing.receive(name, userId),
      },
    );
  }

  leave(): void {
    this.typing.stop();
    this.#leave?.();
    this.#leave = null;
    this.#setMembers({ ownId: null, info: new Map() });
  }

  #setMembers({ ownId, info }: ChannelMembers): void {
    const others = new Map<string, Member>();
    for (const [id, about] of info) {
      const member = ownId === null || id === ownId ? null : parseMember(id, about);
      if (member !== null) others.set(id, member);
    }
    if (others.size === 0 && this.#others.size === 0) return;
    this.#others = others;
    this.typing.membersChanged();
    this.changed();
  }
}
