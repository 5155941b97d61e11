import { expect, test } from "vitest";
import { type PusherConnection, sharedPusher } from "./pusher.js";

type Take = (event: string, data: unknown) => void;

/** A fake of the part of pusher-js that a shared connection uses. */
function fakePusher() {
  const channels = new Map<string, Set<Take>>();
  const states = new Set<(change: object) => void>();
  const calls: string[] = [];
  const channel = (name: string) => {
    const takes = channels.get(name);
    if (takes === undefined) return undefined;
    return { unbind_global: (take: Take) => takes.delete(take), unbind() {} };
  };
  const pusher = {
    connection: {
      bind: (_: string, listener: (change: object) => void) => states.add(listener),
      unbind: (_: string, listener: (change: object) => void) => states.delete(listener),
    },
    channel,
    subscribe(name: string) {
      const takes = channels.get(name) ?? new Set();
      channels.set(name, takes);
      const subscribed = {
        subscribed: false,
        bind_global: (take: Take) => takes.add(take) && subscribed,
        bind() {},
      };
      return subscribed;
    },
    unsubscribe(name: string) {
      calls.push(`unsubscribe ${name}`);
      channels.delete(name);
    },
    connect: () => calls.push("connect"),
    disconnect: () => calls.push("disconnect"),
  };
  const send = (name: string, event: string, data: unknown) => {
    for (const take of channels.get(name) ?? []) take(event, data);
  };
  const lose = () => {
    for (const listener of states) listener({ previous: "connected" });
  };
  return { pusher: pusher as unknown as PusherConnection, calls, states, send, lose };
}

test("a shared connection delivers events and stays open when the transport closes", () => {
  const { pusher, calls, states, send, lose } = fakePusher();
  const received: unknown[] = [];
  const transport = sharedPusher(pusher);
  transport.onLost(() => received.push("lost"));
  transport.subscribe("private-player-p1", {
    subscribed: () => received.push("subscribed"),
    refused: () => received.push("refused"),
    members: () => received.push("members"),
    event: (name, data) => received.push([name, data]),
  });
  send("private-player-p1", "pusher:subscription_succeeded", {});
  send("private-player-p1", "message-sent", { content: "hello" });
  lose();
  expect(received).toEqual(["subscribed", ["message-sent", { content: "hello" }], "lost"]);
  transport.close();
  send("private-player-p1", "message-sent", { content: "late" });
  expect(received).toHaveLength(3);
  expect(calls).toEqual(["unsubscribe private-player-p1"]);
  expect(states.size).toBe(0);
});
