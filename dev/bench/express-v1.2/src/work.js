// The work for a message, in the orders of both versions.

import { broadcast } from "./broadcast.js";
import { findOrCreateSession, insertMessage } from "./store.js";

// V1: sequential; the caller receives the first failure.
export async function inSequence(message) {
  await insertMessage(await findOrCreateSession(message), message);
  await broadcast(message);
}

// V1.2: concurrent, each failure isolated. A message's row references its session, so that its insert
// follows the session's statement; the database does the same work.
export async function inParallel(message) {
  const stored = findOrCreateSession(message).then((session) => insertMessage(session, message));
  for (const { reason } of await Promise.allSettled([stored, broadcast(message)])) {
    if (reason) failures.push(reason);
  }
}

// Logged once a second, as an outage causes thousands of failures.
let failures = [];
setInterval(() => {
  if (failures.length > 0) console.error(`${failures.length} failed, such as: ${failures[0].message}`);
  failures = [];
}, 1000).unref();
