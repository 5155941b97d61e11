import { expect, type Page, type WebSocketRoute } from "@playwright/test";
import { test } from "../test.js";

const BO = "bo-1815";
const AT = "2026-01-01T12:00:00.000000Z";
const ID = "0197a1b2-0000-7000-8000-000000000001";

const PRESENCE = `presence-conversation-${BO}`;

/** The members of the presence channel: the player, and one of the staff. */
const MEMBERS = { player: { role: "player" }, "staff-1": { role: "staff", name: "Ada" } };

/**
 * Replaces the gateway and Pusher; records the tokens of all calls, the open connections, the
 * subscribed channels, and what clients send to them.
 */
async function answer(page: Page) {
  const tokens = new Set<string | undefined>();
  const sent: string[] = [];
  const open = new Set<WebSocketRoute>();
  const channels = new Set<string>();
  const clientEvents: string[] = [];
  const message = {
    messageId: ID,
    playerId: BO,
    playerName: "Bo Lindqvist",
    senderType: "player",
    senderName: "Bo Lindqvist",
    content: "My sword is gone",
    acceptedAt: AT,
    seq: 1,
  };
  const session = { id: ID, status: "pending", version: 1, openedAt: AT, lastMessageAt: AT };
  const more = { resolvedAt: null };
  await page.route("**/api/**", async (route) => {
    const request = route.request();
    const { pathname } = new URL(request.url());
    tokens.add(request.headers().authorization);
    const json = (body: object, status = 200) => route.fulfill({ status, json: body });
    if (pathname === "/api/portal/config") {
      const pusher = { key: "key", host: "127.0.0.1", port: 4179, scheme: "http" };
      return json({ pusher, channelAccess: "private", conversationPresence: true });
    }
    if (pathname === "/api/pusher/auth") {
      const isPresence = request.postData()?.includes("presence-") === true;
      const member = { channel_data: JSON.stringify({ user_id: "player" }) };
      return json({ auth: "key:signature", ...(isPresence ? member : {}) });
    }
    if (pathname.endsWith("/send")) {
      const { messageId, content } = request.postDataJSON();
      sent.push(content);
      return json({ success: true, messageId, acceptedAt: AT, status: "accepted" }, 202);
    }
    if (pathname.endsWith("/conversations")) {
      const row = { playerId: BO, session: { ...session, ...more }, lastMessage: message };
      return json({
        conversations: [{ ...row, unansweredCount: 1, waitingSince: AT }],
        nextCursor: null,
      });
    }
    const messages = pathname.endsWith(BO) ? [message] : [];
    const known = { playerId: pathname.split("/").at(-1), session: null, nextCursor: null };
    return json({ ...known, messages, lastSeq: messages.length });
  });
  await page.routeWebSocket(/\/app\/key/, (socket) => {
    open.add(socket);
    socket.onClose(() => open.delete(socket));
    const send = (event: string, data: object, channel?: string) =>
      socket.send(JSON.stringify({ event, data: JSON.stringify(data), channel }));
    send("pusher:connection_established", { socket_id: "1.1", activity_timeout: 120 });
    socket.onMessage((text) => {
      const { event, data } = JSON.parse(String(text));
      if (event.startsWith("client-")) clientEvents.push(event);
      if (event === "pusher:unsubscribe") channels.delete(data.channel);
      if (event !== "pusher:subscribe") return;
      channels.add(data.channel);
      const presence = { count: 2, ids: Object.keys(MEMBERS), hash: MEMBERS };
      const answer = data.channel === PRESENCE ? { presence } : {};
      send("pusher_internal:subscription_succeeded", answer, data.channel);
    });
  });
  const memberSends = (event: string, userId?: string) => {
    const message = { event, channel: PRESENCE, data: {}, user_id: userId };
    for (const socket of open) socket.send(JSON.stringify(message));
  };
  return { tokens, sent, open, channels, clientEvents, memberSends };
}

/** Opens a page without React; records the violations of its Content-Security-Policy. */
async function openPage(page: Page): Promise<string[]> {
  const refused: string[] = [];
  page.on(
    "console",
    (each) => each.text().includes("Content Security Policy") && refused.push(each.text()),
  );
  // Only the simulated WebSocket throws when it is closed; a browser's ignores what is sent then.
  page.on(
    "pageerror",
    ({ message }) => message.includes("already in CLOSING") || refused.push(message),
  );
  await page.goto("/element.html");
  return refused;
}

const chat = (page: Page) => page.locator("player-portal-chat");

test("one script tag adds the chat to a page without React, under a strict policy", async ({
  page,
}) => {
  const { tokens, sent } = await answer(page);
  const refused = await openPage(page);
  await expect(chat(page).getByText("My sword is gone")).toBeVisible();
  await expect(chat(page).getByText("Live", { exact: true })).toBeVisible();
  await chat(page).getByLabel("Your message").fill("Hello?");
  await chat(page).getByLabel("Your message").press("Enter");
  await expect(chat(page).getByText("Hello?")).toBeVisible();
  await expect.poll(() => sent).toEqual(["Hello?"]);
  expect([...tokens].filter(Boolean)).toEqual(["Bearer token-of-bo"]);
  await expect(chat(page)).toHaveAttribute("data-unread", "0");
  expect(refused).toEqual([]);
});

test("typing is sent and shown through pusher-js, and off by an attribute", async ({ page }) => {
  const { channels, clientEvents, memberSends } = await answer(page);
  const refused = await openPage(page);
  await expect(chat(page).getByText("My sword is gone")).toBeVisible();
  await expect.poll(() => channels.has(PRESENCE)).toBe(true);
  const line = chat(page).locator(".ppc-typing");
  // None of these is a member's: the last one, which is, arrives after them.
  memberSends("client-typing");
  memberSends("client-typing", "staff-2");
  memberSends("client-message-sent", "staff-1");
  memberSends("client-typing", "staff-1");
  await expect(line).toHaveText("Ada is typing");
  memberSends("client-stopped", "staff-1");
  await expect(line).toHaveText("");
  await chat(page).getByLabel("Your message").pressSequentially("Hello?");
  await chat(page).getByLabel("Your message").press("Enter");
  await expect.poll(() => clientEvents).toEqual(["client-typing", "client-stopped"]);

  await chat(page).evaluate((element) => element.setAttribute("typing", "off"));
  await expect.poll(() => [...channels]).toEqual([`private-player-${BO}`]);
  expect(refused).toEqual([]);
});

test("the page's styles do not reach the element, except for its colours", async ({ page }) => {
  await answer(page);
  await openPage(page);
  const bubble = chat(page).locator(".ppc-bubble");
  await expect(bubble).toHaveCSS("background-color", "rgb(1, 2, 3)");
  for (const part of [chat(page).getByRole("heading"), chat(page).getByRole("textbox")]) {
    await expect(part).not.toHaveCSS("color", "rgb(255, 0, 0)");
    await expect(part).not.toHaveCSS("letter-spacing", "5px");
  }
});

test("an element keeps its state when moved, reacts to its attributes, and closes when removed", async ({
  page,
}) => {
  const { open } = await answer(page);
  await openPage(page);
  await expect(chat(page).getByText("Live", { exact: true })).toBeVisible();
  await chat(page).getByLabel("Your message").fill("half a message");
  await chat(page).evaluate((element) => {
    const place = document.createElement("div");
    place.style.blockSize = "100%";
    document.body.prepend(place);
    place.append(element);
  });
  await expect(chat(page).getByLabel("Your message")).toHaveValue("half a message");
  await chat(page).evaluate((element) => element.setAttribute("language", "de-CH"));
  await expect(chat(page).getByLabel("Deine Nachricht")).toBeVisible();
  await chat(page).evaluate((element) => element.setAttribute("player-id", "mika-77"));
  await expect(chat(page).getByText("Wie können wir helfen?")).toBeVisible();
  await expect.poll(() => open.size).toBe(1);
  await chat(page).evaluate((element) => element.remove());
  await expect.poll(() => open.size).toBe(0);
});

test("the desk's shortcuts work in its element", async ({ page }) => {
  await answer(page);
  const refused = await openPage(page);
  const desk = page.locator("player-portal-desk");
  await chat(page).evaluate((element) => {
    const desk = document.createElement("player-portal-desk");
    desk.setAttribute("staff-id", "ada");
    Object.assign(desk, { getToken: async () => "token-of-ada" });
    element.replaceWith(desk);
  });
  await expect(desk.getByRole("option", { name: BO })).toBeVisible();
  await page.keyboard.press("j");
  await expect(desk.getByRole("heading", { name: BO })).toBeVisible();
  await page.keyboard.press("r");
  await page.keyboard.type("jjj");
  await expect(desk.getByLabel("Your message")).toHaveValue("jjj");
  await page.keyboard.press("Escape");
  await expect(desk.getByRole("listbox")).toBeFocused();
  await page.keyboard.press("/");
  await expect(desk.getByLabel("Search by player")).toBeFocused();
  await desk.getByRole("tab", { name: "Pending" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(desk.getByRole("tab", { name: "Active" })).toBeFocused();
  expect(refused).toEqual([]);
});
