// Subscribes with pusher-js, and prints a line of JSON for each fact, until its stdin closes.
//
//   PUSHER_KEY, PUSHER_HOST, PUSHER_PORT   the server
//   CHANNELS                               the channels to subscribe to, separated by commas
//   AUTH_ENDPOINT                          the URL that signs private and presence subscriptions
//   AUTH_HEADERS                           headers of the requests for signatures, as a JSON object
//
// Facts:
//   {"state": "connecting" | "connected" | "unavailable" | ...}
//   {"connected": socketId}
//   {"subscribed": channel}
//   {"subscriptionError": channel, "status": 403}   the endpoint refused
//   {"channel": ..., "event": ..., "data": ...}
//   {"error": code, "message": ...}                 an error of the server
//
// Under Node.js, pusher-js includes encryption, as pusher-js/with-encryption does for browsers.
//
// A line on stdin is a command:
//   {"send": {"channel": ..., "event": "client-...", "data": ...}}
//   {"subscribe": channel}
//   {"unsubscribe": channel}
import { createInterface } from "node:readline";
import Pusher from "pusher-js";

const { PUSHER_KEY, PUSHER_HOST, PUSHER_PORT, CHANNELS, AUTH_ENDPOINT, AUTH_HEADERS } = process.env;
const print = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`);

const options = {
  cluster: "local",
  wsHost: PUSHER_HOST,
  wsPort: Number(PUSHER_PORT),
  forceTLS: false,
  enabledTransports: ["ws"],
};
if (AUTH_ENDPOINT) {
  options.channelAuthorization = {
    transport: "ajax",
    endpoint: AUTH_ENDPOINT,
    headers: JSON.parse(AUTH_HEADERS || "{}"),
  };
}

const pusher = new Pusher(PUSHER_KEY, options);
pusher.connection.bind("state_change", ({ current }) => print({ state: current }));
pusher.connection.bind("connected", () => print({ connected: pusher.connection.socket_id }));
pusher.connection.bind("error", ({ data, error }) => {
  const cause = data ?? error?.data ?? error;
  print({ error: cause?.code ?? null, message: cause?.message ?? String(cause) });
});

function subscribe(name) {
  pusher.subscribe(name).bind_global((event, data) => {
    if (event === "pusher:subscription_succeeded") {
      print({ subscribed: name });
    } else if (event === "pusher:subscription_error") {
      print({ subscriptionError: name, status: data.status ?? null });
    } else {
      print({ channel: name, event, data });
    }
  });
}

const commands = {
  send: ({ channel, event, data }) => pusher.channel(channel).trigger(event, data),
  subscribe,
  unsubscribe: (channel) => pusher.unsubscribe(channel),
};

(CHANNELS ?? "").split(",").filter(Boolean).forEach(subscribe);
createInterface({ input: process.stdin })
  .on("line", (line) => {
    for (const [command, value] of Object.entries(JSON.parse(line))) commands[command](value);
  })
  .on("close", () => {
    pusher.disconnect();
    process.exit(0);
  });
