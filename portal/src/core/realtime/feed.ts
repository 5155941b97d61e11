import { reportErrors } from "../listeners.js";
import { Observable, type Unsubscribe } from "../observable.js";
import {
  parseDigest,
  parseMessage,
  parseReadUpdate,
  parseRejection,
  parseSessionUpdate,
} from "../parse.js";
import type { Digest, Message, ReadUpdate, Rejection, SessionUpdate } from "../types.js";
import {
  MESSAGE_REJECTED,
  MESSAGE_SENT,
  NEW_PLAYER_MESSAGE,
  NEW_PLAYER_MESSAGES,
  READ_UPDATED,
  SESSION_UPDATED,
} from "./channels.js";
import { EventHealth } from "./eventHealth.js";
import type { Realtime } from "./realtime.js";

/** Receives the events of the channel. */
export interface FeedListener {
  message?(message: Message): void;
  session?(update: SessionUpdate): void;
  digest?(digest: Digest): void;
  rejection?(rejection: Rejection): void;
  read?(update: ReadUpdate): void;
}

/** The shortest time between two reconnections because of a stall, in milliseconds. */
const RECONNECT_EVERY_MS = 60_000;

/** The events of this portal's channel. It changes when events start or stop arriving. */
export class Feed extends Observable {
  readonly eventHealth = new EventHealth(() => this.#eventHealthChanged());
  readonly #listeners = new Set<FeedListener>();
  #realtime: Realtime | null = null;
  #leave: Unsubscribe | null = null;
  #reconnection: ReturnType<typeof setTimeout> | undefined;
  #reconnectedAt = Number.NEGATIVE_INFINITY;

  /** Subscribes; the channel's name is known only once the configuration is loaded. */
  connect(realtime: Realtime, channel: string): void {
    this.#realtime = realtime;
    this.#leave = realtime.listen(channel, {
      subscribed: (now) => this.eventHealth.setSubscribed(now),
      event: (name, data) => this.#dispatch(name, data),
    });
  }

  listen(listener: FeedListener): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Repeats a refused subscription now: the network is back, or there is another token. */
  tryNow(): void {
    this.#realtime?.tryNow();
  }

  close(): void {
    this.eventHealth.clearExpected();
    clearTimeout(this.#reconnection);
    this.#leave?.();
    this.#realtime?.close();
  }

  #dispatch(name: string, data: unknown): void {
    if (name === MESSAGE_SENT || name === NEW_PLAYER_MESSAGE) {
      const message = parseMessage(data);
      if (message === null) return;
      this.eventHealth.received(message.messageId);
      this.#notify((listener) => listener.message?.(message));
    } else if (name === NEW_PLAYER_MESSAGES) {
      const digest = parseDigest(data);
      if (digest === null) return;
      this.eventHealth.receivedUpTo(digest.at);
      this.#notify((listener) => listener.digest?.(digest));
    } else if (name === SESSION_UPDATED) {
      const update = parseSessionUpdate(data);
      if (update === null) return;
      this.#notify((listener) => listener.session?.(update));
    } else if (name === MESSAGE_REJECTED) {
      const rejection = parseRejection(data);
      if (rejection === null) return;
      this.eventHealth.received(rejection.messageId);
      this.#notify((listener) => listener.rejection?.(rejection));
    } else if (name === READ_UPDATED) {
      const update = parseReadUpdate(data);
      if (update === null) return;
      this.#notify((listener) => listener.read?.(update));
    }
  }

  #notify(call: (listener: FeedListener) => unknown): void {
    for (const listener of [...this.#listeners]) reportErrors(() => call(listener));
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
