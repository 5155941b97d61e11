// Calls Pusher's HTTP API with the official SDK, once for each line of JSON on stdin, and prints
// each result as a line of JSON: {"status": 200, "body": ...} or {"status": 401, "error": ...} (the
// status is null without an answer).
//
//   PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET, PUSHER_HOST, PUSHER_PORT
//
// A line is a method of the SDK with its arguments:
//   {"trigger": [["room"], "event", {"any": "data"}, {"socket_id": "1.2"}]}
//   {"triggerBatch": [[{"channel": "room", "name": "event", "data": "..."}]]}
import { createInterface } from "node:readline";
import Pusher from "pusher";

const { PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET, PUSHER_HOST, PUSHER_PORT } = process.env;
const pusher = new Pusher({
  appId: PUSHER_APP_ID,
  key: PUSHER_KEY,
  secret: PUSHER_SECRET,
  host: PUSHER_HOST,
  port: PUSHER_PORT,
  useTLS: false,
});

async function call(method, args) {
  try {
    const response = await pusher[method](...args);
    return { status: response.status, body: await response.json() };
  } catch (error) {
    return { status: error.status ?? null, error: error.body ?? String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  for (const [method, args] of Object.entries(JSON.parse(line))) {
    process.stdout.write(`${JSON.stringify(await call(method, args))}\n`);
  }
}
