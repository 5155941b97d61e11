// Measures with pusher-js the time from the acceptance of a message to its receipt.
//
//   PUSHER_KEY, PUSHER_HOST, PUSHER_PORT   the server
//   CHANNEL                                the channel to subscribe to
//   AUTH_ENDPOINT, AUTH_TOKEN              the URL that signs the subscription, and the bearer token
//
// Prints {"subscribed": channel}. A line on stdin is a number of messages. After as many messages it
// prints {"count": ..., "p50": ..., "p99": ...}, in milliseconds, and exits.
import { createInterface } from "node:readline";
import Pusher from "pusher-js";

const { PUSHER_KEY, PUSHER_HOST, PUSHER_PORT, CHANNEL, AUTH_ENDPOINT, AUTH_TOKEN } = process.env;
const print = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`);

const pusher = new Pusher(PUSHER_KEY, {
  cluster: "local",
  wsHost: PUSHER_HOST,
  wsPort: Number(PUSHER_PORT),
  forceTLS: false,
  enabledTransports: ["ws"],
  channelAuthorization: {
    transport: "ajax",
    endpoint: AUTH_ENDPOINT,
    headers: { Authorization: `Bearer ${AUTH_TOKEN}` },
  },
});

const times = [];
let goal = Number.POSITIVE_INFINITY;

function finish() {
  if (times.length < goal) return;
  times.sort((a, b) => a - b);
  const percentile = (share) => times[Math.ceil(times.length * share) - 1];
  print({ count: times.length, p50: percentile(0.5), p99: percentile(0.99) });
  process.exit(0);
}

pusher.subscribe(CHANNEL).bind_global((event, data) => {
  if (event === "pusher:subscription_succeeded") print({ subscribed: CHANNEL });
  if (event !== "message-sent" && event !== "new-player-message") return;
  times.push(performance.timeOrigin + performance.now() - Date.parse(data.acceptedAt));
  finish();
});

createInterface({ input: process.stdin }).on("line", (line) => {
  goal = Number(line);
  finish();
});
