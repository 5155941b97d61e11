import { reportErrors } from "../listeners.js";
import { Observable, type Unsubscribe } from "../observable.js";
import {
  parseDigest,
  parseMessage,
  parseNote,
  parseReadUpdate,
  parseRejection,
  parseRepliesUpdate,
  parseSessionUpdate,
} from "../parse.js";
import type {
  Digest,
  Identity,
  Message,
  Note,
  ReadUpdate,
  Rejection,
  SessionUpdate,
} from "../types.js";
import {
  CANNED_REPLIES_UPDATED,
  MESSAGE_REJECTED,
  MESSAGE_SENT,
  NEW_PLAYER_MESSAGE,
  NEW_PLAYER_MESSAGES,
  NOTE_ADDED,
  playerChannel,
  READ_UPDATED,
  SESSION_UPDATED,
  staffChannel,
} from "./channels.js";
import type { DeferredRealtime } from "./deferredRealtime.js";
import { EventHealth } from "./eventHealth.js";

/** Receives the events of this portal's channels. */
export interface FeedListener {
  message?(message: Message): void;
  session?(update: SessionUpdate): void;
  digest?(digest: Digest): void;
  rejection?(rejection: Rejection): void;
  read?(update: ReadUpdate): void;
  note?(note: Note): void;
  /** The canned replies have this version. */
  cannedReplies?(version: number): void;
}

/** The shortest time between two reconnections because of a stall, in milliseconds. */
const RECONNECT_EVERY_MS = 60_000;

/**
 * The events of the user's own channel and, at the desk, of the open conversation's. It changes when
 * events start or stop arriving on the user's own.
 */
export class Feed extends Observable {
  /** The health of the user's own channel. */
  readonly eventHealth = new EventHealth(() => this.#eventHealthChanged());
  readonly #listeners = new Set<FeedListener>();
  readonly #realtime: DeferredRealtime;
  readonly #identity: Identity;
  readonly #leave: Unsubscribe;
  #reconnection: ReturnType<typeof setTimeout> | undefined;
  #reconnectedAt = Number.NEGATIVE_INFINITY;

  constructor(realtime: DeferredRealtime, identity: Identity) {
    super();
    const { role, subject } = identity;
    this.#identity = identity;
    this.#realtime = realtime;
    this.#leave = realtime.listen(
      ({ channelAccess }) =>
        role === "staff" ? staffChannel(channelAccess) : playerChannel(channelAccess, subject),
      {
        subscribed: (now) => this.eventHealth.setSubscribed(now),
        event: (name, data) => this.#dispatch(name, data),
      },
    );
  }

  /**
   * Subscribes staff to the channel of a player, whose messages arrive there at once even where the
   * staff's channel coalesces them.
   */
  watch(playerId: string): Unsubscribe {
    if (this.#identity.role === "player") return () => {};
    return this.#realtime.listen(({ channelAccess }) => playerChannel(channelAccess, playerId), {
      event: (name, data) => this.#dispatchWatched(name, data),
    });
  }

  listen(listener: FeedListener): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Repeats a refused subscription now: the network is back, or there is another token. */
  tryNow(): void {
    this.#realtime.tryNow();
  }

  close(): void {
    this.eventHealth.clearExpected();
    clearTimeout(this.#reconnection);
    this.#leave();
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
    } else if (this.#identity.role === "staff") this.#dispatchToStaff(name, data);
  }

  /** Handles an event that only the staff's channel has. */
  #dispatchToStaff(name: string, data: unknown): void {
    if (name === NOTE_ADDED) {
      const note = parseNote(data);
      if (note !== null) this.#notify((listener) => listener.note?.(note));
    } else if (name === CANNED_REPLIES_UPDATED) {
      const version = parseRepliesUpdate(data);
      if (version !== null) this.#notify((listener) => listener.cannedReplies?.(version));
    }
  }

  /** Handles an event of a watched player's channel. */
  #dispatchWatched(name: string, data: unknown): void {
    // These, and messages of staff, are on the staff's channel at once, with what only staff receive.
    if (name === SESSION_UPDATED || name === MESSAGE_REJECTED) return;
    if (name !== MESSAGE_SENT) {
      this.#dispatch(name, data);
      return;
    }
    const message = parseMessage(data);
    if (message?.senderType !== "player") return;
    this.eventHealth.foundOnOtherChannel(message);
    this.#notify((listener) => listener.message?.(message));
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
      this.#realtime.reconnect();
    }
  }
}
