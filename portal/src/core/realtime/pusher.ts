import type Pusher from "pusher-js";
import type { Options } from "pusher-js";
import type { Api } from "../api/api.js";
import type { PortalConfig } from "../config.js";
import { notifyAll } from "../listeners.js";
import type { ChannelHandlers, Transport } from "./realtime.js";

/** pusher-js sends a ping after this long without a frame, in milliseconds. */
const ACTIVITY_TIMEOUT_MS = 20_000;
/** The connection is lost when no pong arrives within this time, in milliseconds. */
const PONG_TIMEOUT_MS = 6_000;

/** A transport over pusher-js, which is loaded after the page has rendered. */
export class PusherTransport implements Transport {
  readonly #lostListeners = new Set<() => void>();
  readonly #handlers = new Map<string, ChannelHandlers>();
  #pusher: Pusher | null = null;
  #closed = false;

  constructor(config: PortalConfig, api: Api) {
    void this.#load(config, api);
  }

  subscribe(channel: string, handlers: ChannelHandlers): void {
    this.#handlers.set(channel, handlers);
    if (this.#pusher !== null) this.#subscribe(this.#pusher, channel, handlers);
  }

  unsubscribe(channel: string): void {
    this.#handlers.delete(channel);
    this.#pusher?.unsubscribe(channel);
  }

  onLost(listener: () => void): void {
    this.#lostListeners.add(listener);
  }

  reconnect(): void {
    this.#pusher?.disconnect();
    this.#pusher?.connect();
  }

  close(): void {
    this.#closed = true;
    // pusher-js sends asynchronously: an unsubscribe must leave before the socket closes.
    setTimeout(() => this.#pusher?.disconnect());
  }

  async #load(config: PortalConfig, api: Api): Promise<void> {
    let failures = 0;
    while (this.#pusher === null && !this.#closed) {
      try {
        const { default: Client } =
          config.channelAccess === "encrypted"
            ? await import("pusher-js/with-encryption")
            : await import("pusher-js");
        if (!this.#closed) this.#start(new Client(config.pusher.key, options(config, api)));
      } catch {
        // The network failed while the script loaded; the conversations poll meanwhile.
        failures += 1;
        await new Promise((resolve) =>
          setTimeout(resolve, Math.min(30_000, 1_000 * 2 ** failures)),
        );
      }
    }
  }

  #start(pusher: Pusher): void {
    this.#pusher = pusher;
    pusher.connection.bind("state_change", ({ previous }: { previous: string }) => {
      if (previous === "connected") notifyAll(this.#lostListeners);
    });
    for (const [channel, handlers] of this.#handlers) this.#subscribe(pusher, channel, handlers);
  }

  #subscribe(pusher: Pusher, name: string, handlers: ChannelHandlers): void {
    pusher.subscribe(name).bind_global((event: string, data: unknown) => {
      if (this.#handlers.get(name) === handlers) handle(handlers, event, data);
    });
  }
}

type EventHandler = (event: string, data: unknown) => void;
type StateListener = (change: { previous: string }) => void;

/** The part of a pusher-js channel that the chat uses. */
interface PusherChannel {
  readonly subscribed: boolean;
  bind_global(handler: EventHandler): unknown;
  unbind_global(handler: EventHandler): unknown;
}

/**
 * The part of pusher-js that the chat uses: the package's own types differ between module systems.
 */
export interface PusherConnection {
  readonly connection: {
    bind(event: "state_change", listener: StateListener): unknown;
    unbind(event: "state_change", listener: StateListener): unknown;
  };
  channel(name: string): PusherChannel | undefined;
  subscribe(name: string): PusherChannel;
  unsubscribe(name: string): unknown;
  connect(): void;
  disconnect(): void;
}

/**
 * A transport over the portal's own Pusher connection, for `around.transport`. That connection must
 * authorize channels at the gateway's `/api/pusher/auth`. Closing the chat leaves it open; a
 * stalled subscription reconnects it.
 */
export function sharedPusher(pusher: PusherConnection): Transport {
  const subscribed = new Map<string, EventHandler>();
  const lost = new Set<() => void>();
  const changed: StateListener = ({ previous }) => {
    if (previous === "connected") notifyAll(lost);
  };
  const unsubscribe = (name: string) => {
    const handler = subscribed.get(name);
    if (handler === undefined) return;
    subscribed.delete(name);
    pusher.channel(name)?.unbind_global(handler);
    pusher.unsubscribe(name);
  };
  pusher.connection.bind("state_change", changed);
  return {
    subscribe(name, handlers) {
      const handler: EventHandler = (event, data) => {
        if (subscribed.get(name) === handler) handle(handlers, event, data);
      };
      subscribed.set(name, handler);
      const channel = pusher.subscribe(name);
      channel.bind_global(handler);
      if (channel.subscribed) handlers.subscribed();
    },
    unsubscribe,
    onLost: (listener) => {
      lost.add(listener);
    },
    reconnect() {
      pusher.disconnect();
      pusher.connect();
    },
    close() {
      for (const name of [...subscribed.keys()]) unsubscribe(name);
      pusher.connection.unbind("state_change", changed);
    },
  };
}

function handle(handlers: ChannelHandlers, event: string, data: unknown): void {
  if (event === "pusher:subscription_succeeded") handlers.subscribed();
  else if (event === "pusher:subscription_error") handlers.refused();
  else if (!event.startsWith("pusher:")) handlers.event(event, data);
}

function options({ pusher }: PortalConfig, api: Api): Options {
  const { host, port, scheme = "https", cluster = "" } = pusher;
  return {
    cluster,
    ...(host === undefined ? {} : { wsHost: host }),
    ...(port === undefined ? {} : { wsPort: port, wssPort: port }),
    forceTLS: scheme === "https",
    enabledTransports: ["ws", "wss"],
    activityTimeout: ACTIVITY_TIMEOUT_MS,
    pongTimeout: PONG_TIMEOUT_MS,
    channelAuthorization: {
      customHandler: async ({ socketId, channelName }, callback) => {
        const outcome = await api.authorize(socketId, channelName);
        if (outcome.ok) callback(null, outcome.value);
        else callback(new Error(outcome.failure.kind), null);
      },
    },
  };
}
