import type { PortalConfig } from "../config.js";
import type { Unsubscribe } from "../observable.js";
import type { ClientEvent } from "./channels.js";
import type { ChannelListener, Realtime } from "./realtime.js";

interface Opened {
  readonly realtime: Realtime;
  readonly config: PortalConfig;
}

/**
 * The connection to Pusher before and after it is opened: channels depend on the configuration,
 * which the gateway has to return first.
 */
export class DeferredRealtime {
  readonly #waiting = new Set<(opened: Opened) => void>();
  #opened: Opened | null = null;

  /** Subscribes all listeners that wait. */
  open(realtime: Realtime, config: PortalConfig): void {
    this.#opened = { realtime, config };
    for (const subscribe of [...this.#waiting]) subscribe(this.#opened);
    this.#waiting.clear();
  }

  /** Subscribes once opened; to no channel where `channelOf` returns null. */
  listen(
    channelOf: (config: PortalConfig) => string | null,
    listener: ChannelListener,
  ): Unsubscribe {
    let leave: Unsubscribe = () => {};
    const subscribe = ({ realtime, config }: Opened) => {
      const channel = channelOf(config);
      if (channel !== null) leave = realtime.listen(channel, listener);
    };
    if (this.#opened === null) this.#waiting.add(subscribe);
    else subscribe(this.#opened);
    return () => {
      this.#waiting.delete(subscribe);
      leave();
    };
  }

  /** Sends an event to the other members of a presence channel; to none unless subscribed. */
  trigger(channel: string, event: ClientEvent): void {
    this.#opened?.realtime.trigger(channel, event);
  }

  /** Repeats refused subscriptions now. */
  tryNow(): void {
    this.#opened?.realtime.tryNow();
  }

  /** Replaces the connection, which delivers no events. */
  reconnect(): void {
    this.#opened?.realtime.reconnect();
  }

  close(): void {
    this.#waiting.clear();
    this.#opened?.realtime.close();
  }
}
