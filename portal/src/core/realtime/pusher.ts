import type Pusher from "pusher-js";
import type { Options } from "pusher-js";
import type { Api } from "../api/api.js";
import type { PortalConfig } from "../config.js";
import { notifyAll } from "../listeners.js";
import { CLIENT_EVENTS } from "./channels.js";
import type { ChannelHandlers, Transport } from "./realtime.js";

/** pusher-js sends a ping after this long without a frame, in milliseconds. */
const ACTIVITY_TIMEOUT_MS = 20_000;
/** The connection is lost when no pong arrives within this time, in milliseconds. */
const PONG_TIMEOUT_MS = 6_000;
/** An error this long after a client event may be about it, in milliseconds. */
const REFUSED_WITHIN_MS = 10_000;

/** A transport over pusher-js, which is loaded after the page has rendered. */
export class PusherTransport implements Transport {
  readonly #lostListeners = new Set<() => void>();
  readonly #refusedListeners = new Set<() => void>();
  readonly #handlers = new Map<string, ChannelHandlers>();
  #pusher: Pusher | null = null;
  /** Null until pusher-js is loaded. */
  #loaded: Transport | null = null;
  #closed = false;

  constructor(config: PortalConfig, api: Api) {
    void this.#load(config, api);
  }

  subscribe(channel: string, handlers: ChannelHandlers): void {
    this.#handlers.set(channel, handlers);
    this.#loaded?.subscribe(channel, handlers);
  }

  unsubscribe(channel: string): void {
    this.#handlers.delete(channel);
    this.#loaded?.unsubscribe(channel);
  }

  trigger(channel: string, event: string, data: unknown): void {
    this.#loaded?.trigger?.(channel, event, data);
  }

  onTriggerRefused(listener: () => void): void {
    this.#refusedListeners.add(listener);
  }

  onLost(listener: () => void): void {
    this.#lostListeners.add(listener);
  }

  reconnect(): void {
    this.#loaded?.reconnect();
  }

  close(): void {
    this.#closed = true;
    this.#loaded?.close();
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
    const loaded = sharedPusher(pusher);
    this.#loaded = loaded;
    loaded.onLost(() => notifyAll(this.#lostListeners));
    loaded.onTriggerRefused?.(() => notifyAll(this.#refusedListeners));
    for (const [channel, handlers] of this.#handlers) loaded.subscribe(channel, handlers);
  }
}

type EventHandler = (event: string, data: unknown) => void;
type ClientEventHandler = (data: unknown, metadata?: { user_id?: string }) => void;
type StateListener = (change: { previous: string; current: string }) => void;
type ErrorListener = (error: unknown) => void;

/** The part of a pusher-js channel that the chat uses. */
interface PusherChannel {
  readonly subscribed: boolean;
  /** Of a presence channel: the `user_info` of each member by id, and the id of the own one. */
  readonly members?: { readonly members: Record<string, unknown>; readonly myID: string | null };
  bind_global(handler: EventHandler): unknown;
  unbind_global(handler: EventHandler): unknown;
  bind(event: string, handler: ClientEventHandler): unknown;
  unbind(event: string, handler: ClientEventHandler): unknown;
  trigger(event: string, data: unknown): unknown;
}

/**
 * The part of pusher-js that the chat uses: the package's own types differ between module systems.
 */
export interface PusherConnection {
  readonly connection: {
    bind(event: "state_change", listener: StateListener): unknown;
    bind(event: "error", listener: ErrorListener): unknown;
    unbind(event: "state_change", listener: StateListener): unknown;
    unbind(event: "error", listener: ErrorListener): unknown;
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
  const subscribed = new Map<string, Binding>();
  /** Channels that were left before Pusher had answered. */
  const leaving = new Set<string>();
  const lost = new Set<() => void>();
  const refusals = new TriggerRefusals();
  const changed: StateListener = ({ previous, current }) => {
    if (previous === "connected") notifyAll(lost);
    if (current !== "connected") return;
    // pusher-js would subscribe to them again.
    for (const name of leaving) pusher.unsubscribe(name);
    leaving.clear();
  };
  const failed: ErrorListener = (error) => refusals.receive(error);
  const unsubscribe = (name: string) => {
    const binding = subscribed.get(name);
    if (binding === undefined) return;
    subscribed.delete(name);
    const channel = pusher.channel(name);
    if (channel !== undefined) unbind(channel, binding);
    pusher.unsubscribe(name);
    if (pusher.channel(name) !== undefined) leaving.add(name);
  };
  pusher.connection.bind("state_change", changed);
  pusher.connection.bind("error", failed);
  return {
    subscribe(name, handlers) {
      leaving.delete(name);
      const channel = pusher.subscribe(name);
      const binding = bind(channel, handlers);
      subscribed.set(name, binding);
      if (!channel.subscribed) return;
      handlers.subscribed();
      reportMembers(channel, handlers);
    },
    unsubscribe,
    trigger(name, event, data) {
      refusals.triggered();
      pusher.channel(name)?.trigger(event, data);
    },
    onTriggerRefused: (listener) => refusals.listen(listener),
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
      pusher.connection.unbind("error", failed);
    },
  };
}

/** The handlers of a channel that pusher-js calls. */
interface Binding {
  readonly any: EventHandler;
  readonly client: readonly (readonly [string, ClientEventHandler])[];
}

/** Passes a channel's events to `handlers`. */
function bind(channel: PusherChannel, handlers: ChannelHandlers): Binding {
  const binding: Binding = {
    any: (event, data) => handle(channel, handlers, event, data),
    // Only a handler of one event receives the member who sent it.
    client: CLIENT_EVENTS.map((event) => [
      event,
      (data, metadata) => handlers.event(event, data, metadata?.user_id),
    ]),
  };
  channel.bind_global(binding.any);
  for (const [event, handler] of binding.client) channel.bind(event, handler);
  return binding;
}

function unbind(channel: PusherChannel, { any, client }: Binding): void {
  channel.unbind_global(any);
  for (const [event, handler] of client) channel.unbind(event, handler);
}

function handle(
  channel: PusherChannel,
  handlers: ChannelHandlers,
  event: string,
  data: unknown,
): void {
  if (event === "pusher:subscription_succeeded") {
    handlers.subscribed();
    reportMembers(channel, handlers);
  } else if (event === "pusher:subscription_error") {
    handlers.refused();
  } else if (event === "pusher:member_added" || event === "pusher:member_removed") {
    reportMembers(channel, handlers);
  } else if (!event.startsWith("pusher:") && !event.startsWith("client-")) {
    // Without its sender, a client event means nothing.
    handlers.event(event, data);
  }
}

function reportMembers({ members }: PusherChannel, handlers: ChannelHandlers): void {
  if (members === undefined) return;
  handlers.members({ ownId: members.myID, info: new Map(Object.entries(members.members)) });
}

/** Notices that Pusher refuses client events, which it reports without naming the event. */
class TriggerRefusals {
  readonly #listeners = new Set<() => void>();
  #triggeredAt = Number.NEGATIVE_INFINITY;

  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** A client event is sent. */
  triggered(): void {
    this.#triggeredAt = Date.now();
  }

  /** Pusher reported an error. */
  receive(error: unknown): void {
    if (Date.now() - this.#triggeredAt > REFUSED_WITHIN_MS) return;
    if (isTriggerRefusal(error)) notifyAll(this.#listeners);
  }
}

/** The number of the error of a client event; not all servers send it. */
const CLIENT_EVENT_REFUSED = 4301;

/** Whether an error of pusher-js's connection is Pusher's refusal of a client event. */
function isTriggerRefusal(error: unknown): boolean {
  // pusher-js wraps the server's `{ code, message }` twice.
  const { code, message } =
    (error as { error?: { data?: Record<string, unknown> } })?.error?.data ?? {};
  if (code === CLIENT_EVENT_REFUSED) return true;
  return code == null && typeof message === "string" && /client (event|messag)/i.test(message);
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
