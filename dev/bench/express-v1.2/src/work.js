// What a message asks for, in the two orders.

import { broadcast } from "./broadcast.js";
import { findOrCreateSession, insertMessage } from "./store.js";

// V1: one after the other; the first failure is the caller's.
export async function inSequence(message) {
  await insertMessage(await findOrCreateSession(message), message);
  await broadcast(message);
}

// V1.2: side by side, each failure by itself. A message's row names its session, so that it waits
// for that one; the database has as much to do as if it did not.
export async function inParallel(message) {
  const stored = findOrCreateSession(message).then((session) => insertMessage(session, message));
  for (const { reason } of await Promise.allSettled([stored, broadcast(message)])) {
    if (reason) failures.push(reason);
  }
}

// An outage would otherwise be told a thousand times a second.
let failures = [];
setInterval(() => {
  if (failures.length > 0) console.error(`${failures.length} failed, such as: ${failures[0].message}`);
  failures = [];
}, 1000).unref();
