// Opens many desks with pusher-js, and lets them claim sessions.
//
//   PUSHER_KEY, PUSHER_HOST, PUSHER_PORT   the server
//   GATEWAY_URL, AUTH_JWT_SECRET           the gateway, and the secret of its tokens
//   DESKS                                  the number of desks
//
// Prints {"subscribed": desks}. A line on stdin is {"rate": claims a second, "players": [ids]}: a random desk claims the
// session of each player. When every desk has received the assignee of each, it prints {"claims": ..., "disagreements": ...,
// "p50": ..., "p99": ...}: how many desks received another assignee than the first desk, and the time from a claim to its receipt
// by a desk, in milliseconds. It exits at the end of stdin.
import { randomInt } from "node:crypto";
import { createInterface } from "node:readline";
import jwt from "jsonwebtoken";
import Pusher from "pusher-js";

const { GATEWAY_URL, AUTH_JWT_SECRET, PUSHER_KEY, PUSHER_HOST, PUSHER_PORT } = process.env;
const CHANNEL = "private-staff-portal";
const print = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`);

/** The claims of the line that is worked on: by player, when it was sent and what each desk received. */
let claims = new Map();
let missing = 0;
let finish = () => {};

function receive(desk, { playerId, assigneeId }) {
  const claim = claims.get(playerId);
  if (claim === undefined || assigneeId === undefined || claim.received.has(desk)) return;
  claim.received.set(desk, { assigneeId, after: performance.now() - claim.sentAt });
  missing -= 1;
  if (missing === 0) finish();
}

function open(number) {
  const subject = `desk-${number}`;
  const token = jwt.sign({ role: "staff", name: `Desk ${number}` }, AUTH_JWT_SECRET, { subject, expiresIn: "1h" });
  const headers = { Authorization: `Bearer ${token}` };
  const pusher = new Pusher(PUSHER_KEY, {
    ...{ cluster: "local", wsHost: PUSHER_HOST, wsPort: Number(PUSHER_PORT), forceTLS: false },
    enabledTransports: ["ws"],
    channelAuthorization: { transport: "ajax", endpoint: `${GATEWAY_URL}/api/pusher/auth`, headers },
  });
  const channel = pusher.subscribe(CHANNEL);
  channel.bind("session-updated", (session) => receive(number, session));
  const subscribed = new Promise((resolve) => channel.bind("pusher:subscription_succeeded", resolve));
  return { headers, subscribed };
}

const desks = Array.from({ length: Number(process.env.DESKS) }, (_, number) => open(number));
await Promise.all(desks.map((desk) => desk.subscribed));
print({ subscribed: desks.length });

async function claim(playerId) {
  const url = `${GATEWAY_URL}/api/unified-chat/conversations/${playerId}/assignment`;
  const headers = { ...desks[randomInt(desks.length)].headers, "Content-Type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: '{"action":"claim"}' });
  if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
}

async function work({ rate, players }) {
  claims = new Map();
  missing = players.length * desks.length;
  const finished = new Promise((resolve) => {
    finish = resolve;
  });
  const began = performance.now();
  const sent = players.map(async (playerId, index) => {
    await new Promise((due) => setTimeout(due, began + (index * 1000) / rate - performance.now()));
    claims.set(playerId, { sentAt: performance.now(), received: new Map() });
    await claim(playerId);
  });
  await Promise.all(sent);
  await finished;
  const answers = [...claims.values()].map(({ received }) => [...received.values()]);
  const differ = (answer, _, [first]) => answer.assigneeId !== first.assigneeId;
  const disagreements = answers.map((received) => received.filter(differ).length);
  const times = answers.flat().map(({ after }) => after);
  times.sort((one, other) => one - other);
  const percentile = (share) => times[Math.ceil(times.length * share) - 1];
  const total = disagreements.reduce((sum, count) => sum + count, 0);
  print({ claims: players.length, disagreements: total, p50: percentile(0.5), p99: percentile(0.99) });
}

for await (const line of createInterface({ input: process.stdin })) await work(JSON.parse(line));
process.exit(0);
