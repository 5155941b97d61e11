import { reportErrors } from "../listeners.js";
import { Observable, type Unsubscribe } from "../observable.js";
import { parseDigest, parseMessage, parseRejection, parseSessionUpdate } from "../parse.js";
import type { Digest, Message, Rejection, SessionUpdate } from "../types.js";
import {
  MESSAGE_REJECTED,
  MESSAGE_SENT,
  NEW_PLAYER_MESSAGE,
  NEW_PLAYER_MESSAGES,
  SESSION_UPDATED,
} from "./channels.js";
import { EventHealth } from "./eventHealth.js";
import type { Realtime } from "./realtime.js";

/** What is told of one channel. */
export interface FeedListener {
  message?(message: Message): void;
  session?(update: SessionUpdate): void;
  digest?(digest: Digest): void;
  rejection?(rejection: Rejection): void;
}

/** A connection that brings nothing is made anew, but not more often than this, in milliseconds. */
const RECONNECT_EVERY_MS = 60_000;

/** The one channel that this portal listens to. Changes when events begin or cease to come. */
export class Feed extends Observable {
  readonly eventHealth = new EventHealth(() => this.#eventHealthChanged());
  readonly #listeners = new Set<FeedListener>();
  #realtime: Realtime | null = null;
  #leave: Unsubscribe | null = null;
  #reconnection: ReturnType<typeof setTimeout> | undefined;
  #reconnectedAt = Number.NEGATIVE_INFINITY;

  /** Begins to listen; the channel's name is not known from the start. */
  connect(realtime: Realtime, channel: string): void {
    this.#realtime = realtime;
    this.#leave = realtime.listen(channel, {
      subscribed: (now) => this.eventHealth.setSubscribed(now),
      event: (name, data) => this.#take(name, data),
    });
  }

  listen(listener: FeedListener): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The network is back, or there is another token. */
  tryNow(): void {
    this.#realtime?.tryNow();
  }

  close(): void {
    this.eventHealth.clearExpected();
    clearTimeout(this.#reconnection);
    this.#leave?.();
    this.#realtime?.close();
  }

  #take(name: string, data: unknown): void {
    if (name === MESSAGE_SENT || name === NEW_PLAYER_MESSAGE) {
      const message = parseMessage(data);
      if (message === null) return;
      this.eventHealth.received(message.messageId);
      this.#tell((listener) => listener.message?.(message));
    } else if (name === NEW_PLAYER_MESSAGES) {
      const digest = parseDigest(data);
      if (digest === null) return;
      this.eventHealth.receivedUpTo(digest.at);
      this.#tell((listener) => listener.digest?.(digest));
    } else if (name === SESSION_UPDATED) {
      const update = parseSessionUpdate(data);
      if (update === null) return;
      this.#tell((listener) => listener.session?.(update));
    } else if (name === MESSAGE_REJECTED) {
      const rejection = parseRejection(data);
      if (rejection === null) return;
      this.eventHealth.received(rejection.messageId);
      this.#tell((listener) => listener.rejection?.(rejection));
    }
  }

  #tell(how: (listener: FeedListener) => unknown): void {
    for (const listener of [...this.#listeners]) reportErrors(() => how(listener));
  }

  #eventHealthChanged(): void {
    clearTimeout(this.#reconnection);
    if (this.eventHealth.stalled && this.eventHealth.subscribed) this.#reconnect();
    this.changed();
  }

  #reconnect(): void {
    const left = this.#reconnectedAt + RECONNECT_EVERY_MS - Date.now();
    if (left > 0) {
      this.#reconnection = setTimeout(() => this.#reconnect(), left);
    } else {
      this.#reconnectedAt = Date.now();
      this.#realtime?.reconnect();
    }
  }
}
