// An AUTH_ENDPOINT for listen.mjs, which signs every subscription with the official SDK until its
// stdin closes. Prints {"endpoint": url} when it listens.
//
//   PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET
//
// The header X-User-Id is the user id in a presence channel. A request with the header X-Refuse:
// 403 is answered with that status.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import Pusher from "pusher";

const { PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET } = process.env;
const pusher = new Pusher({ appId: PUSHER_APP_ID, key: PUSHER_KEY, secret: PUSHER_SECRET });

const server = createServer(async (request, response) => {
  const form = new URLSearchParams(await text(request));
  const userId = request.headers["x-user-id"];
  const refusal = request.headers["x-refuse"];
  if (refusal) {
    response.writeHead(Number(refusal)).end();
    return;
  }
  const channel = form.get("channel_name");
  const member = channel.startsWith("presence-")
    ? { user_id: userId, user_info: { name: `user ${userId}` } }
    : undefined;
  const answer = pusher.authorizeChannel(form.get("socket_id"), channel, member);
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
});

server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ endpoint: `http://127.0.0.1:${server.address().port}` })}\n`);
});
process.stdin.resume().on("end", () => process.exit(0));
