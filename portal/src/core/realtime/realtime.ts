import { backoff, type Random } from "../backoff.js";
import { reportErrors } from "../listeners.js";
import type { Unsubscribe } from "../observable.js";

/** What carries events here; pusher-js, or a simulation of it. */
export interface Transport {
  /** Subscribes, now and whenever it is connected again. */
  subscribe(channel: string, handlers: ChannelHandlers): void;
  unsubscribe(channel: string): void;
  /** Hears when the connection is lost. */
  onLost(listener: () => void): void;
  /** Drops the connection, which may be dead without knowing it, and makes another. */
  reconnect(): void;
  close(): void;
}

/** What a transport tells of one channel. */
export interface ChannelHandlers {
  subscribed(): void;
  /** The subscription was not authorized, or the server did not take it. */
  refused(): void;
  event(name: string, data: unknown): void;
}

/** What is heard of a channel. */
export interface ChannelListener {
  /** Whether events can come. Told at once, and on each change. */
  subscribed(now: boolean): void;
  event(name: string, data: unknown): void;
}

interface Channel {
  readonly listeners: Set<ChannelListener>;
  subscribed: boolean;
  refusals: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** A subscription that is not answered within so long is asked for again, in milliseconds. */
const ANSWER_MS = 15_000;

/**
 * Channels, each subscribed to once for any number of listeners. A refused subscription, which
 * pusher-js leaves at that, is tried again; so is one that gets no answer, as when the server does not
 * believe its signature.
 */
export class Realtime {
  readonly #transport: Transport;
  readonly #random: Random;
  readonly #channels = new Map<string, Channel>();
  readonly #onSilence: (name: string) => void;

  /** `onSilence` is told of each subscription that is not answered. */
  constructor(transport: Transport, random: Random, onSilence: (name: string) => void = () => {}) {
    this.#onSilence = onSilence;
    this.#transport = transport;
    this.#random = random;
    transport.onLost(() => {
      for (const [name, channel] of this.#channels) {
        setSubscribed(channel, false);
        this.#await(name, channel);
      }
    });
  }

  listen(name: string, listener: ChannelListener): Unsubscribe {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = { listeners: new Set(), subscribed: false, refusals: 0, timer: undefined };
      this.#channels.set(name, channel);
      this.#subscribe(name, channel);
    }
    const { listeners } = channel;
    listeners.add(listener);
    listener.subscribed(channel.subscribed);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#leave(name);
    };
  }

  /** Tries again now what waits for it: there is a new token, or the tab has woken. */
  tryNow(): void {
    for (const [name, channel] of this.#channels) {
      if (channel.refusals === 0) continue;
      this.#transport.unsubscribe(name);
      this.#subscribe(name, channel);
    }
  }

  /** Makes a new connection: this one brings nothing. */
  reconnect(): void {
    this.#transport.reconnect();
  }

  close(): void {
    for (const name of [...this.#channels.keys()]) this.#leave(name);
    this.#transport.close();
  }

  #subscribe(name: string, channel: Channel): void {
    this.#await(name, channel);
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
        this.#again(name, channel, backoff(channel.refusals, this.#random));
      },
      event: (event, data) => {
        for (const listener of [...channel.listeners])
          reportErrors(() => listener.event(event, data));
      },
    });
  }

  #await(name: string, channel: Channel): void {
    this.#again(name, channel, ANSWER_MS, () => this.#onSilence(name));
  }

  #again(name: string, channel: Channel, afterMs: number, first = () => {}): void {
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
  for (const listener of [...channel.listeners]) reportErrors(() => listener.subscribed(now));
}
