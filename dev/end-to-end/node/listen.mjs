// Listens with the real pusher-js and prints one JSON line per fact, until its stdin closes.
//
//   PUSHER_KEY, PUSHER_HOST, PUSHER_PORT   where to connect
//   CHANNELS                               the channels to subscribe to, with commas between them
//   AUTH_ENDPOINT                          the URL that signs private and presence subscriptions
//   AUTH_HEADERS                           headers for it, as a JSON object
//
// Facts:
//   {"state": "connecting" | "connected" | "unavailable" | ...}
//   {"connected": socketId}
//   {"subscribed": channel}
//   {"subscriptionError": channel, "status": 403}   the endpoint did not sign
//   {"channel": ..., "event": ..., "data": ...}
//   {"error": code, "message": ...}                 the server complains
//
// Under Node.js, pusher-js is what browsers get as pusher-js/with-encryption.
//
// A line on stdin is a command:
//   {"send": {"channel": ..., "event": "client-...", "data": ...}}
//   {"subscribe": channel}
//   {"unsubscribe": channel}
import { createInterface } from "node:readline";
import Pusher from "pusher-js";

const { PUSHER_KEY, PUSHER_HOST, PUSHER_PORT, CHANNELS, AUTH_ENDPOINT, AUTH_HEADERS } = process.env;
const tell = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`);

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
pusher.connection.bind("state_change", ({ current }) => tell({ state: current }));
pusher.connection.bind("connected", () => tell({ connected: pusher.connection.socket_id }));
pusher.connection.bind("error", ({ data, error }) => {
  const complaint = data ?? error?.data ?? error;
  tell({ error: complaint?.code ?? null, message: complaint?.message ?? String(complaint) });
});

function subscribe(name) {
  pusher.subscribe(name).bind_global((event, data) => {
    if (event === "pusher:subscription_succeeded") {
      tell({ subscribed: name });
    } else if (event === "pusher:subscription_error") {
      tell({ subscriptionError: name, status: data.status ?? null });
    } else {
      tell({ channel: name, event, data });
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
