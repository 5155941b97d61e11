import type Pusher from "pusher-js";
import type { Options } from "pusher-js";
import type { Api } from "../api/api.js";
import type { PortalConfig } from "../config.js";
import { notifyAll } from "../listeners.js";
import type { ChannelHandlers, Transport } from "./realtime.js";

/** After so long without a word pusher-js asks whether the connection lives, in milliseconds. */
const ACTIVITY_TIMEOUT_MS = 20_000;
/** For how long it waits for the answer. */
const PONG_TIMEOUT_MS = 6_000;

/** pusher-js, loaded when it is first needed: the page stands before that. */
export class PusherTransport implements Transport {
  readonly #lost = new Set<() => void>();
  readonly #wanted = new Map<string, ChannelHandlers>();
  #pusher: Pusher | null = null;
  #closed = false;

  constructor(config: PortalConfig, api: Api) {
    void this.#load(config, api);
  }

  subscribe(channel: string, handlers: ChannelHandlers): void {
    this.#wanted.set(channel, handlers);
    if (this.#pusher !== null) this.#subscribe(this.#pusher, channel, handlers);
  }

  unsubscribe(channel: string): void {
    this.#wanted.delete(channel);
    this.#pusher?.unsubscribe(channel);
  }

  onLost(listener: () => void): void {
    this.#lost.add(listener);
  }

  reconnect(): void {
    this.#pusher?.disconnect();
    this.#pusher?.connect();
  }

  close(): void {
    this.#closed = true;
    // pusher-js sends a little later than it is told to: a goodbye to a channel would find the socket closed.
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
        // The network went away while the page was loading; polling goes on meanwhile.
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
      if (previous === "connected") notifyAll(this.#lost);
    });
    for (const [channel, handlers] of this.#wanted) this.#subscribe(pusher, channel, handlers);
  }

  #subscribe(pusher: Pusher, name: string, handlers: ChannelHandlers): void {
    pusher.subscribe(name).bind_global((event: string, data: unknown) => {
      if (this.#wanted.get(name) === handlers) handle(handlers, event, data);
    });
  }
}

type Take = (event: string, data: unknown) => void;
type StateListener = (change: { previous: string }) => void;

/** A channel of pusher-js, as far as it is used here. */
interface PusherChannel {
  readonly subscribed: boolean;
  bind_global(take: Take): unknown;
  unbind_global(take: Take): unknown;
}

/** An instance of pusher-js, as far as it is used here: the types of that package differ between module systems. */
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
 * A connection to Pusher that the portal has already, for `around.transport`. It has to authorize channels at the
 * gateway's `/api/pusher/auth`. It stays open when the chat is closed; what has no sign of life is connected anew.
 */
export function sharedPusher(pusher: PusherConnection): Transport {
  const subscribed = new Map<string, Take>();
  const lost = new Set<() => void>();
  const changed: StateListener = ({ previous }) => {
    if (previous === "connected") notifyAll(lost);
  };
  const unsubscribe = (name: string) => {
    const take = subscribed.get(name);
    if (take === undefined) return;
    subscribed.delete(name);
    pusher.channel(name)?.unbind_global(take);
    pusher.unsubscribe(name);
  };
  pusher.connection.bind("state_change", changed);
  return {
    subscribe(name, handlers) {
      const take: Take = (event, data) => {
        if (subscribed.get(name) === take) handle(handlers, event, data);
      };
      subscribed.set(name, take);
      const channel = pusher.subscribe(name);
      channel.bind_global(take);
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
