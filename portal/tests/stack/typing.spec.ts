import { expect, type Page } from "@playwright/test";
import { expectAccessible } from "../axe.js";
import { test } from "../test.js";
import {
  acceptedFor,
  bubbles,
  choose,
  newPlayer,
  openPlayer,
  openStaff,
  receivedByRabbitmq,
  search,
  send,
  subscriptionsOf,
  write,
} from "./system.js";

const field = (page: Page) => page.getByLabel("Your message");
const typing = (page: Page) => page.locator(".ppc-typing");
const isOnline = (desk: Page) => expect(desk.locator(".ppc-online").first()).toBeVisible();

/** Opens a conversation at the desk, without waiting until it is shown. */
async function open(desk: Page, player: string): Promise<void> {
  await search(desk, player);
  await desk.locator(`[id="ppc-option-${player}"]`).click();
}

/** Records the names of the client events that a page sends from its next connection on. */
function recordClientEvents(page: Page): string[] {
  const names: string[] = [];
  page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => {
      const { event } = JSON.parse(String(payload)) as { event: string };
      if (event.startsWith("client-")) names.push(event);
    }),
  );
  return names;
}

test("each side sees the other type until the message arrives", async ({ browser }, info) => {
  const name = newPlayer();
  const [player, desk] = await Promise.all([openPlayer(browser, name), openStaff(browser)]);
  await write(player, "hello");
  await choose(desk, name);
  await isOnline(desk);

  let began = Date.now();
  await field(player).pressSequentially("My sword");
  await expect(typing(desk)).toHaveText(`Name of ${name} is typing`);
  info.annotations.push({ type: "typing seen, ms", description: String(Date.now() - began) });
  await field(player).press("Enter");
  await expect(bubbles(desk, "My sword")).toBeVisible();
  await expect(typing(desk)).toHaveText("");

  began = Date.now();
  await field(desk).pressSequentially("One moment");
  await expect(typing(player)).toHaveText("Ada is typing");
  await expectAccessible(player);
  await expectAccessible(desk);
  // Neither a further key nor a message.
  await expect(typing(player)).toHaveText("", { timeout: 8_000 });
  await field(desk).press("Enter");
  await expect(bubbles(player, "One moment")).toBeVisible();
});

test("typing makes no call to Pusher and no message in RabbitMQ", async ({ browser }) => {
  const name = newPlayer();
  const [player, desk] = await Promise.all([openPlayer(browser, name), openStaff(browser)]);
  const sent = recordClientEvents(player);
  await player.reload();
  await write(player, "hello");
  await choose(desk, name);
  await isOnline(desk);
  const ofTheMessage = ["message-sent", "session-updated"];
  const accepted = async () => (await acceptedFor(name)).sort();
  await expect.poll(accepted).toEqual(ofTheMessage);
  const received = await receivedByRabbitmq();
  await field(player).pressSequentially("My sword is gone", { delay: 200 });
  await expect(typing(desk)).toHaveText(`Name of ${name} is typing`);
  await field(player).fill("");
  await expect(typing(desk)).toHaveText("");
  expect(sent).toContain("client-typing");
  expect(sent.at(-1)).toBe("client-stopped");
  expect(await accepted()).toEqual(ofTheMessage);
  expect(await receivedByRabbitmq()).toBe(received);
});

test("a player who is alone sends no client event", async ({ browser }) => {
  const player = await openPlayer(browser, newPlayer());
  const sent = recordClientEvents(player);
  await player.reload();
  await write(player, "Is the support there?");
  await expect(player.getByText("Waiting for an answer")).toBeVisible();
  expect(sent).toEqual([]);
});

test("a desk sees the player and colleagues come and go", async ({ browser }) => {
  const name = newPlayer();
  await send(name, null, "hello");
  const [ada, grace] = await Promise.all([openStaff(browser, "ada"), openStaff(browser, "grace")]);
  for (const desk of [ada, grace]) {
    await open(desk, name);
  }
  await expect(ada.locator(".ppc-also-here")).toHaveText("Grace is here too");
  await expect(ada.locator(".ppc-online")).toHaveCount(0);
  const player = await openPlayer(browser, name);
  await isOnline(ada);
  await player.context().close();
  await grace.context().close();
  await expect(ada.locator(".ppc-online")).toHaveCount(0);
  await expect(ada.locator(".ppc-also-here")).toHaveCount(0);
});

test("a desk that moves on quickly leaves no subscription behind", async ({ browser }) => {
  const players = [newPlayer(), newPlayer(), newPlayer()] as const;
  for (const player of players) await send(player, null, "hello");
  const desk = await openStaff(browser);
  for (const player of [...players, ...players]) {
    await open(desk, player);
  }
  const [first, second, last] = players;
  await expect.poll(async () => Object.values(await subscriptionsOf(last))).toEqual([1, 1]);
  for (const left of [first, second]) await expect.poll(() => subscriptionsOf(left)).toEqual({});
});
