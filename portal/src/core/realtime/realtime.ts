import { backoff, type Random } from "../backoff.js";
import { reportErrors } from "../listeners.js";
import type { Unsubscribe } from "../observable.js";
import type { ClientEvent } from "./channels.js";

/** Carries events: pusher-js, or a simulation of it. */
export interface Transport {
  /** Subscribes now and after each reconnection. */
  subscribe(channel: string, handlers: ChannelHandlers): void;
  unsubscribe(channel: string): void;
  /** Sends an event to the other members of a subscribed presence channel. */
  trigger?(channel: string, event: string, data: unknown): void;
  /** Calls `listener` when Pusher refused an event that `trigger` sent. */
  onTriggerRefused?(listener: () => void): void;
  /** Calls `listener` when the connection is lost. */
  onLost(listener: () => void): void;
  /** Replaces the connection, which may be dead without an error. */
  reconnect(): void;
  close(): void;
}

/** Receives what a transport reports about one channel. */
export interface ChannelHandlers {
  subscribed(): void;
  /** The subscription was not authorized, or the server refused it. */
  refused(): void;
  /** The members of a presence channel; called after `subscribed` and on each change. */
  members(members: ChannelMembers): void;
  /** `userId` is the member who sent it, of a client event on a presence channel. */
  event(name: string, data: unknown, userId?: string): void;
}

/** The members of a presence channel. */
export interface ChannelMembers {
  /** The id of this connection's member; null when it is unknown. */
  readonly ownId: string | null;
  /** The `user_info` of each member, by id, as it arrived. */
  readonly info: ReadonlyMap<string, unknown>;
}

/** Receives the events of a channel. */
export interface ChannelListener {
  /** Whether the channel is subscribed; called at once and on each change. */
  subscribed?(now: boolean): void;
  /** The members of a presence channel; none while it is not subscribed. */
  members?(members: ChannelMembers): void;
  /** `userId` is the member who sent it, of a client event on a presence channel. */
  event(name: string, data: unknown, userId?: string): void;
}

interface Channel {
  readonly listeners: Set<ChannelListener>;
  subscribed: boolean;
  members: ChannelMembers;
  refusals: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** An unanswered subscription is repeated after this time, in milliseconds. */
const ANSWER_MS = 15_000;

const NO_MEMBERS: ChannelMembers = { ownId: null, info: new Map() };

/** What a `Realtime` reports to its owner. */
export interface RealtimeReports {
  /** Pusher has not answered the subscription to a channel. */
  unanswered?(channel: string): void;
  /** Pusher refused a client event; none is sent from then on. */
  triggerRefused?(): void;
}

/**
 * Channels, each subscribed once for any number of listeners. pusher-js does not repeat a refused
 * subscription, nor one without an answer, as after an invalid signature: this class does.
 */
export class Realtime {
  readonly #transport: Transport;
  readonly #random: Random;
  readonly #channels = new Map<string, Channel>();
  readonly #reports: RealtimeReports;
  #mayTrigger = true;

  constructor(transport: Transport, random: Random, reports: RealtimeReports = {}) {
    this.#reports = reports;
    this.#transport = transport;
    this.#random = random;
    transport.onTriggerRefused?.(() => {
      if (!this.#mayTrigger) return;
      this.#mayTrigger = false;
      reports.triggerRefused?.();
    });
    transport.onLost(() => {
      for (const [name, channel] of this.#channels) {
        setSubscribed(channel, false);
        this.#repeatUnlessAnswered(name, channel);
      }
    });
  }

  listen(name: string, listener: ChannelListener): Unsubscribe {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = {
        listeners: new Set(),
        subscribed: false,
        members: NO_MEMBERS,
        refusals: 0,
        timer: undefined,
      };
      this.#channels.set(name, channel);
      this.#subscribe(name, channel);
    }
    const { listeners } = channel;
    listeners.add(listener);
    listener.subscribed?.(channel.subscribed);
    listener.members?.(channel.members);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#leave(name);
    };
  }

  /** Sends an event to the other members of a presence channel; to none unless subscribed. */
  trigger(name: string, event: ClientEvent): void {
    if (!this.#mayTrigger || this.#channels.get(name)?.subscribed !== true) return;
    this.#transport.trigger?.(name, event, {});
  }

  /** Repeats refused subscriptions now: there is a new token, or the tab has woken. */
  tryNow(): void {
    for (const [name, channel] of this.#channels) {
      if (channel.refusals === 0) continue;
      this.#transport.unsubscribe(name);
      this.#subscribe(name, channel);
    }
  }

  /** Replaces the connection, which delivers no events. */
  reconnect(): void {
    this.#transport.reconnect();
  }

  close(): void {
    for (const name of [...this.#channels.keys()]) this.#leave(name);
    this.#transport.close();
  }

  #subscribe(name: string, channel: Channel): void {
    this.#repeatUnlessAnswered(name, channel);
    this.#transport.subscribe(name, {
      subscribed: () => {
        channel.refusals = 0;
        clearTimeout(channel.timer);
        channel.timer = undefined;
        setSubscribed(channel, true);
      },
      refused: () => {
        if (this.#channels.get(name) !== channel) return;
        setSubscribed(channel, false);
        channel.refusals += 1;
        this.#repeat(name, channel, backoff(channel.refusals, this.#random));
      },
      members: (members) => setMembers(channel, members),
      event: (event, data, userId) => {
        for (const listener of [...channel.listeners])
          reportErrors(() => listener.event(event, data, userId));
      },
    });
  }

  #repeatUnlessAnswered(name: string, channel: Channel): void {
    this.#repeat(name, channel, ANSWER_MS, () => this.#reports.unanswered?.(name));
  }

  #repeat(name: string, channel: Channel, afterMs: number, first = () => {}): void {
    clearTimeout(channel.timer);
    channel.timer = setTimeout(() => {
      first();
      this.#transport.unsubscribe(name);
      this.#subscribe(name, channel);
    }, afterMs);
  }

  #leave(name: string): void {
    clearTimeout(this.#channels.get(name)?.timer);
    if (this.#channels.delete(name)) this.#transport.unsubscribe(name);
  }
}

function setSubscribed(channel: Channel, now: boolean): void {
  if (channel.subscribed === now) return;
  channel.subscribed = now;
  for (const listener of [...channel.listeners]) reportErrors(() => listener.subscribed?.(now));
  if (!now) setMembers(channel, NO_MEMBERS);
}

function setMembers(channel: Channel, members: ChannelMembers): void {
  channel.members = members;
  for (const listener of [...channel.listeners]) reportErrors(() => listener.members?.(members));
}
