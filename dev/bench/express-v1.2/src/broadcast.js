// Calls to Pusher by its own SDK, over persistent connections.

import http from "node:http";
import https from "node:https";
import Pusher from "pusher";
import { settings } from "./settings.js";

const { Agent } = settings.pusher.scheme === "https" ? https : http;
const agent = new Agent({ keepAlive: true, maxSockets: settings.pusherConnections });
const pusher = new Pusher({ ...settings.pusher, agent });

// Both events of a message, in one call.
export async function broadcast(message) {
  const forStaff = message.senderType === "player" ? "new-player-message" : "message-sent";
  const answer = await pusher.triggerBatch([
    { channel: "staff-portal", name: forStaff, data: message },
    { channel: `player-${message.playerId}`, name: "message-sent", data: message },
  ]);
  // The SDK leaves the answer unread, which would block the connection.
  await answer.text();
}
