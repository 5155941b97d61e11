import { beforeEach, expect, test } from "vitest";
import { type PusherConnection, sharedPusher } from "./pusher.js";
import type { ChannelHandlers } from "./realtime.js";

type Handler = (...args: unknown[]) => void;

/** A fake of pusher-js's dispatcher. */
class Dispatcher {
  readonly bound = new Map<string, Set<Handler>>();
  readonly any = new Set<Handler>();

  bind(event: string, handler: Handler): void {
    this.bound.set(event, (this.bound.get(event) ?? new Set()).add(handler));
  }

  unbind(event: string, handler: Handler): void {
    this.bound.get(event)?.delete(handler);
  }

  bind_global(handler: Handler): void {
    this.any.add(handler);
  }

  unbind_global(handler: Handler): void {
    this.any.delete(handler);
  }

  /** Only the handlers of one event receive the metadata, as in pusher-js. */
  emit(event: string, data: unknown, metadata?: object): void {
    for (const handler of this.any) handler(event, data);
    for (const handler of this.bound.get(event) ?? []) handler(data, metadata);
  }
}

class FakeChannel extends Dispatcher {
  readonly triggered: unknown[] = [];
  subscribed = false;
  members: { members: Record<string, unknown>; myID: string | null } | undefined;

  trigger(event: string, data: unknown): boolean {
    this.triggered.push([event, data]);
    return true;
  }
}

/** A fake of the part of pusher-js that a shared connection uses. */
class FakePusher {
  readonly connection = new Dispatcher();
  readonly channels = new Map<string, FakeChannel>();
  readonly calls: string[] = [];
  /** Channels whose subscription Pusher has not answered: pusher-js keeps them. */
  readonly pending = new Set<string>();

  channel(name: string): FakeChannel | undefined {
    return this.channels.get(name);
  }

  subscribe(name: string): FakeChannel {
    const channel = this.channels.get(name) ?? new FakeChannel();
    this.channels.set(name, channel);
    return channel;
  }

  unsubscribe(name: string): void {
    this.calls.push(`unsubscribe ${name}`);
    if (!this.pending.has(name)) this.channels.delete(name);
  }

  connect(): void {
    this.calls.push("connect");
  }

  disconnect(): void {
    this.calls.push("disconnect");
  }
}

const CHANNEL = "private-player-p1";
const PRESENCE = "presence-conversation-p1";
let pusher = new FakePusher();
let received: unknown[] = [];
const handlers: ChannelHandlers = {
  subscribed: () => received.push("subscribed"),
  refused: () => received.push("refused"),
  members: ({ ownId, info }) => received.push([ownId, Object.fromEntries(info)]),
  event: (...event) => received.push(event),
};
const shared = () => sharedPusher(pusher as unknown as PusherConnection);

beforeEach(() => {
  pusher = new FakePusher();
  received = [];
});

test("a shared connection delivers events and stays open when the transport closes", () => {
  const transport = shared();
  transport.onLost(() => received.push("lost"));
  transport.subscribe(CHANNEL, handlers);
  const channel = pusher.channel(CHANNEL);
  channel?.emit("pusher:subscription_succeeded", {});
  channel?.emit("message-sent", { content: "hello" });
  pusher.connection.emit("state_change", { previous: "connected", current: "connecting" });
  expect(received).toEqual(["subscribed", ["message-sent", { content: "hello" }], "lost"]);
  transport.close();
  channel?.emit("message-sent", { content: "late" });
  channel?.emit("client-typing", {}, { user_id: "player" });
  expect(received).toHaveLength(3);
  expect(pusher.calls).toEqual([`unsubscribe ${CHANNEL}`]);
  for (const bound of pusher.connection.bound.values()) expect(bound.size).toBe(0);
});

test("the members of a presence channel are reported with each change", () => {
  shared().subscribe(PRESENCE, handlers);
  const channel = pusher.channel(PRESENCE);
  if (channel === undefined) throw new Error("there is no channel");
  channel.members = { members: { player: { role: "player" } }, myID: "player" };
  channel.emit("pusher:subscription_succeeded", channel.members);
  channel.members.members["staff-1"] = { role: "staff" };
  channel.emit("pusher:member_added", { id: "staff-1" });
  delete channel.members.members["staff-1"];
  channel.emit("pusher:member_removed", { id: "staff-1" });
  const alone = ["player", { player: { role: "player" } }];
  const both = ["player", { player: { role: "player" }, "staff-1": { role: "staff" } }];
  expect(received).toEqual(["subscribed", alone, both, alone]);
});

test("a channel that is subscribed already reports it and its members at once", () => {
  const channel = pusher.subscribe(PRESENCE);
  channel.subscribed = true;
  channel.members = { members: { player: null }, myID: "player" };
  shared().subscribe(PRESENCE, handlers);
  expect(received).toEqual(["subscribed", ["player", { player: null }]]);
});

test("a client event arrives once with its sender, and one of another name not at all", () => {
  shared().subscribe(PRESENCE, handlers);
  const channel = pusher.channel(PRESENCE);
  channel?.emit("client-typing", {}, { user_id: "staff-1" });
  channel?.emit("client-stopped", {}, {});
  channel?.emit("client-message-sent", { content: "forged" }, { user_id: "staff-1" });
  expect(received).toEqual([
    ["client-typing", {}, "staff-1"],
    ["client-stopped", {}, undefined],
  ]);
});

test("an error about client events is a refusal shortly after one was sent only", () => {
  const transport = shared();
  let refusals = 0;
  transport.onTriggerRefused?.(() => {
    refusals += 1;
  });
  const fail = (data: object) =>
    pusher.connection.emit("error", {
      type: "WebSocketError",
      error: { type: "PusherError", data },
    });
  const disabled = { code: null, message: "To send client events, you must enable this feature" };
  fail(disabled);
  expect(refusals).toBe(0);
  transport.subscribe(PRESENCE, handlers);
  transport.trigger?.(PRESENCE, "client-typing", {});
  expect(pusher.channel(PRESENCE)?.triggered).toEqual([["client-typing", {}]]);
  fail({ code: null, message: "Existing subscription to channel presence-conversation-p1" });
  fail({ code: 4201, message: "Pong reply not received in time" });
  pusher.connection.emit("error", new Error("the socket failed"));
  pusher.connection.emit("error", null);
  expect(refusals).toBe(0);
  fail(disabled);
  fail({ code: 4301, message: "The app does not have client messaging enabled." });
  expect(refusals).toBe(2);
});

test("a channel left before Pusher's answer is not subscribed again after a reconnection", () => {
  const transport = shared();
  pusher.pending.add(PRESENCE);
  transport.subscribe(PRESENCE, handlers);
  transport.unsubscribe(PRESENCE);
  expect(pusher.channel(PRESENCE)).toBeDefined();
  pusher.connection.emit("state_change", { previous: "connected", current: "connecting" });
  // pusher-js forgets at the loss that it waits.
  pusher.pending.clear();
  pusher.connection.emit("state_change", { previous: "connecting", current: "connected" });
  expect(pusher.channel(PRESENCE)).toBeUndefined();
});

test("a channel that is joined again before Pusher's answer stays", () => {
  const transport = shared();
  pusher.pending.add(PRESENCE);
  transport.subscribe(PRESENCE, handlers);
  transport.unsubscribe(PRESENCE);
  transport.subscribe(PRESENCE, handlers);
  pusher.pending.clear();
  pusher.connection.emit("state_change", { previous: "connecting", current: "connected" });
  pusher.channel(PRESENCE)?.emit("client-typing", {}, { user_id: "staff-1" });
  expect(received).toEqual([["client-typing", {}, "staff-1"]]);
});
