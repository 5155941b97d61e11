import jwt from "jsonwebtoken";
import Pusher from "pusher-js";

const { GATEWAY_URL, AUTH_JWT_SECRET, PUSHER_KEY, PUSHER_HOST, PUSHER_PORT } = process.env;
// On the portal's server, for a player who has logged in:
const token = jwt.sign({ role: "player", name: "Bo" }, AUTH_JWT_SECRET, {
  subject: "p1",
  expiresIn: "1h",
});
// In that player's browser, with the newest token each time, and where `/api/portal/config` says that Pusher is:
const headersProvider = () => ({ Authorization: `Bearer ${token}` });
const channelAuthorization = { endpoint: `${GATEWAY_URL}/api/pusher/auth`, headersProvider };
const where = { cluster: "local", wsHost: PUSHER_HOST, wsPort: PUSHER_PORT, forceTLS: false };
const channel = new Pusher(PUSHER_KEY, { ...where, channelAuthorization }).subscribe(
  "private-player-p1",
);
channel.bind("message-sent", (message) => console.log(`${message.senderName}: ${message.content}`));
await new Promise((subscribed) => channel.bind("pusher:subscription_succeeded", subscribed));
const message = {
  messageId: crypto.randomUUID(),
  playerId: "p1",
  senderType: "player",
  content: "My sword is gone",
};
await fetch(`${GATEWAY_URL}/api/staff-chat-integration/send`, {
  method: "POST",
  headers: { ...headersProvider(), "Content-Type": "application/json" },
  body: JSON.stringify(message),
});
