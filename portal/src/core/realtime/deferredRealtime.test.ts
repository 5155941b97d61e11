import { expect, test } from "vitest";
import type { PortalConfig } from "../config.js";
import { presenceChannel } from "./channels.js";
import { DeferredRealtime } from "./deferredRealtime.js";
import { Realtime, type Transport } from "./realtime.js";

const CONFIG: PortalConfig = { pusher: { key: "key" }, channelAccess: "private" };

/** A transport that records what it is asked for. */
function recorder() {
  const channels = new Set<string>();
  const transport: Transport = {
    subscribe(channel, handlers) {
      channels.add(channel);
      handlers.subscribed();
    },
    unsubscribe: (channel) => channels.delete(channel),
    onLost() {},
    reconnect() {},
    close() {},
  };
  return { channels, realtime: new Realtime(transport, () => 0.5) };
}

test("channels are subscribed once the configuration is known, unless they were left", () => {
  const deferred = new DeferredRealtime();
  const { channels, realtime } = recorder();
  const listener = { event() {} };
  deferred.listen(() => "kept", listener);
  const leave = deferred.listen(() => "left", listener);
  deferred.listen(({ conversationPresence }) => (conversationPresence ? "none" : null), listener);
  leave();
  deferred.open(realtime, CONFIG);
  expect([...channels]).toEqual(["kept"]);
  const leaveLater = deferred.listen(({ channelAccess }) => channelAccess, listener);
  expect([...channels]).toEqual(["kept", "private"]);
  leaveLater();
  expect([...channels]).toEqual(["kept"]);
  deferred.close();
  expect([...channels]).toEqual([]);
});

test("a transport without client events sends none", () => {
  const deferred = new DeferredRealtime();
  const { realtime } = recorder();
  deferred.open(realtime, CONFIG);
  deferred.listen(() => presenceChannel("p1"), { event() {} });
  expect(() => deferred.trigger(presenceChannel("p1"), "client-typing")).not.toThrow();
  deferred.close();
});
