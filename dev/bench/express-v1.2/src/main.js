// The HTTP interface: see README.md.

import { randomUUID } from "node:crypto";
import express from "express";
import { settings } from "./settings.js";
import { createTables, history } from "./store.js";
import { inParallel, inSequence } from "./work.js";

const app = express();
app.disable("x-powered-by");
app.disable("etag");
app.use(express.json({ limit: "64kb" }));

const pending = new Set();

app.post("/api/staff-chat-integration/send", async (request, response) => {
  const message = parse(request.body);
  if (!message) return response.status(400).json({ success: false });
  if (settings.version === "v1") await inSequence(message);
  else setImmediate(() => inBackground(message));
  const { messageId, acceptedAt } = message;
  response.status(202).json({ success: true, messageId, acceptedAt, status: "accepted" });
});

app.get("/api/unified-chat/conversations/:playerId", async (request, response) => {
  const { playerId } = request.params;
  const limit = Math.min(Number(request.query.limit) || 50, 200);
  response.json({ playerId, messages: await history(playerId, request.query.before, limit) });
});

function parse(body) {
  const { messageId = randomUUID(), playerId, playerName, senderType, senderId, senderName } = body ?? {};
  const content = String(body?.content ?? body?.message ?? "").trim();
  const known = typeof playerId === "string" && ["player", "staff"].includes(senderType);
  if (!known || content.length < 1 || content.length > 4000) return undefined;
  const acceptedAt = new Date().toISOString();
  return { messageId, playerId, playerName, senderType, senderId, senderName, content, acceptedAt };
}

function inBackground(message) {
  const work = inParallel(message);
  pending.add(work);
  work.then(() => pending.delete(work));
}

await createTables();
const server = app.listen(settings.port, "127.0.0.1", (error) => {
  if (error) throw error;
  console.log(JSON.stringify({ listening: server.address().port, version: settings.version }));
});

// Finishes pending work within the time that the services have to stop.
process.once("SIGTERM", () => {
  setTimeout(() => process.exit(1), 10_000).unref();
  server.close(async () => {
    await Promise.all(pending);
    process.exit(0);
  });
  // A connection on which no request has come yet would hold the server open. Requests take less.
  setTimeout(() => server.closeAllConnections(), 2_000).unref();
});
