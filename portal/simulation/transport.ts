import type { ChannelHandlers, Transport } from "../src/core/realtime/realtime.js";
import type { FaultSource, Range } from "./faults.js";
import type { PresenceSubscriber, SimulatedMember, SimulatedPresence } from "./presence.js";

const RECONNECT: Range = [200, 2_000];
const SUBSCRIBE: Range = [5, 60];

/**
 * A connection to the simulated Pusher. Like pusher-js, it reconnects and subscribes again by
 * itself.
 */
export class SimulatedTransport implements Transport, PresenceSubscriber {
  readonly member: SimulatedMember;
  readonly #source: FaultSource;
  readonly #presence: SimulatedPresence;
  readonly #handlers = new Map<string, ChannelHandlers>();
  readonly #subscribed = new Set<string>();
  readonly #lostListeners = new Set<() => void>();
  readonly #refusedListeners = new Set<() => void>();
  #connected = false;
  #closed = false;
  /** The connection stays up and delivers no event. */
  isSilent = false;
  /** Subscribed channels that deliver no event. */
  readonly silentChannels = new Set<string>();
  /** The name of an event that this client does not know; null for none. */
  ignoredEvent: string | null = null;

  constructor(source: FaultSource, presence: SimulatedPresence, member: SimulatedMember) {
    this.#source = source;
    this.#presence = presence;
    this.member = member;
    this.#connect(SUBSCRIBE);
  }

  /** The channels to which it is, or will be, subscribed. */
  get channels(): string[] {
    return [...this.#handlers.keys()];
  }

  /** The channels to which it is subscribed now. */
  get subscriptions(): string[] {
    return [...this.#subscribed];
  }

  subscribe(channel: string, handlers: ChannelHandlers): void {
    this.#handlers.set(channel, handlers);
    if (this.#connected) this.#requestSubscription(channel, handlers);
  }

  unsubscribe(channel: string): void {
    this.#handlers.delete(channel);
    this.#subscribed.delete(channel);
    this.#presence.leave(channel, this);
  }

  trigger(channel: string, event: string, data: unknown): void {
    if (!this.#subscribed.has(channel)) return;
    setTimeout(() => {
      if (!this.#source.faults.refuseClientEvents) {
        this.#presence.trigger(channel, this, event, data);
      } else for (const listener of this.#refusedListeners) listener();
    }, this.#source.between(this.#source.faults.latency));
  }

  onTriggerRefused(listener: () => void): void {
    this.#refusedListeners.add(listener);
  }

  membersChanged(channel: string): void {
    setTimeout(() => {
      if (!this.#subscribed.has(channel)) return;
      const info = this.#presence.membersOf(channel);
      this.#handlers.get(channel)?.members({ ownId: this.member.id, info });
    }, this.#source.between(this.#source.faults.latency));
  }

  onLost(listener: () => void): void {
    this.#lostListeners.add(listener);
  }

  reconnect(): void {
    this.lose();
  }

  close(): void {
    this.#closed = true;
    this.lose();
  }

  lose(): void {
    if (!this.#connected) return;
    this.#connected = false;
    for (const channel of this.#subscribed) this.#presence.leave(channel, this);
    this.#subscribed.clear();
    for (const listener of this.#lostListeners) listener();
    this.#connect(RECONNECT);
  }

  deliver(channel: string, name: string, data: unknown, userId?: string): void {
    const { faults } = this.#source;
    const times = 1 + (this.#source.chance(faults.repeatEvent) ? 1 : 0);
    if (this.silentChannels.has(channel)) return;
    if (this.isSilent || name === this.ignoredEvent || this.#source.chance(faults.loseEvent))
      return;
    for (let time = 0; time < times; time += 1) {
      setTimeout(() => {
        if (!this.#subscribed.has(channel) || this.isSilent) return;
        this.#handlers.get(channel)?.event(name, structuredClone(data), userId);
      }, this.#source.between(faults.latency));
    }
  }

  #connect(times: Range): void {
    setTimeout(() => {
      if (this.#closed || this.#connected) return;
      if (this.#source.faults.pusherFails || this.#source.faults.networkFails) {
        this.#connect(RECONNECT);
        return;
      }
      this.#connected = true;
      for (const [channel, handlers] of this.#handlers)
        this.#requestSubscription(channel, handlers);
    }, this.#source.between(times));
  }

  #requestSubscription(channel: string, handlers: ChannelHandlers): void {
    setTimeout(() => {
      if (!this.#connected || this.#handlers.get(channel) !== handlers) return;
      if (this.#source.chance(this.#source.faults.ignoreSubscription)) return;
      if (this.#source.chance(this.#source.faults.refuseSubscription)) {
        handlers.refused();
      } else {
        this.#subscribed.add(channel);
        handlers.subscribed();
        if (channel.startsWith("presence-")) this.#presence.enter(channel, this);
      }
    }, this.#source.between(SUBSCRIBE));
  }
}
