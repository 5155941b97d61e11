import { presenceChannel } from "../src/core/realtime/channels.js";
import type { Identity } from "../src/core/types.js";

/** A member of presence channels, as the gateway signs it. */
export interface SimulatedMember {
  readonly id: string;
  readonly info: { readonly role: string; readonly name?: string };
}

/** The member that the gateway signs for a user. */
export function memberOf({ role, subject, name }: Identity): SimulatedMember {
  // The gateway hashes the subject of staff.
  const id = role === "player" ? "player" : `staff-${subject}`;
  return { id, info: { role, ...(name === null ? {} : { name }) } };
}

/** A connection that is subscribed to a presence channel. */
export interface PresenceSubscriber {
  readonly member: SimulatedMember;
  /** The members have changed; `membersOf` returns them. */
  membersChanged(channel: string): void;
  deliver(channel: string, name: string, data: unknown, userId: string): void;
}

/** The presence channels of the simulated Pusher. */
export class SimulatedPresence {
  readonly #channels = new Map<string, Set<PresenceSubscriber>>();
  /** The names of all client events that arrived. */
  readonly events: string[] = [];

  enter(channel: string, subscriber: PresenceSubscriber): void {
    const subscribers = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, subscribers.add(subscriber));
    this.#notify(channel);
  }

  leave(channel: string, subscriber: PresenceSubscriber): void {
    if (this.#channels.get(channel)?.delete(subscriber)) this.#notify(channel);
  }

  /** The `user_info` of each member, by id. */
  membersOf(channel: string): Map<string, unknown> {
    const subscribers = [...(this.#channels.get(channel) ?? [])];
    return new Map(subscribers.map(({ member: { id, info } }) => [id, info]));
  }

  /** Sends a client event of `sender` to the other subscribers. */
  trigger(channel: string, sender: PresenceSubscriber, name: string, data: unknown): void {
    const subscribers = this.#channels.get(channel);
    if (!subscribers?.has(sender)) return;
    this.events.push(name);
    for (const subscriber of subscribers) {
      if (subscriber !== sender) subscriber.deliver(channel, name, data, sender.member.id);
    }
  }

  #notify(channel: string): void {
    for (const subscriber of this.#channels.get(channel) ?? []) subscriber.membersChanged(channel);
  }
}

/** A user who has a conversation open somewhere else, and whose events a test or a scene sends. */
export class SimulatedGuest implements PresenceSubscriber {
  readonly member: SimulatedMember;
  /** The client events that arrived, each with its sender. */
  readonly received: (readonly [name: string, userId: string])[] = [];
  readonly #presence: SimulatedPresence;
  readonly #channel: string;

  constructor(presence: SimulatedPresence, user: Identity, playerId: string) {
    this.member = memberOf(user);
    this.#presence = presence;
    this.#channel = presenceChannel(playerId);
    presence.enter(this.#channel, this);
  }

  /** Sends any event, as a forged client may. */
  trigger(name: string, data: unknown = {}): void {
    this.#presence.trigger(this.#channel, this, name, data);
  }

  leave(): void {
    this.#presence.leave(this.#channel, this);
  }

  membersChanged(): void {}

  deliver(_channel: string, name: string, _data: unknown, userId: string): void {
    this.received.push([name, userId]);
  }
}
