import { expect } from "@playwright/test";
import { test } from "../test.js";
import {
  acceptedFor,
  address,
  bubbles,
  choose,
  expectLight,
  expectState,
  newPlayer,
  openPlayer,
  openStaff,
  persisted,
  send,
  withoutBroadcasts,
  withoutBroker,
  withoutGateway,
  withoutPersistQueue,
  withoutPusher,
  write,
} from "./system.js";

const FIVE = ["one", "two", "three", "four", "five"];

test("while the broker hangs no message is accepted, then each once and in order", async ({
  browser,
}) => {
  const name = newPlayer();
  const player = await openPlayer(browser, name);
  await withoutBroker(async () => {
    for (const content of FIVE) await write(player, content);
    await expectState(player, "five", "waiting");
  });
  for (const content of FIVE) await expectState(player, content, "delivered");
  await expect.poll(() => persisted(name)).toEqual(FIVE);
});

test("a message that reaches only the broadcaster is sent again until it is stored", async ({
  browser,
}) => {
  const name = newPlayer();
  const player = await openPlayer(browser, name);
  await withoutPersistQueue(async () => {
    await write(player, "my sword is gone");
    await expect.poll(() => acceptedFor(name)).toContain("message-sent");
  });
  await expectState(player, "my sword is gone", "delivered");
  await expect.poll(() => persisted(name)).toEqual(["my sword is gone"]);
});

test("while Pusher is away the chat polls, then receives events again", async ({ browser }) => {
  const name = newPlayer();
  const [player, desk] = await Promise.all([openPlayer(browser, name), openStaff(browser)]);
  await write(player, "hello");
  await choose(desk, name);
  const comeBack = await withoutPusher();
  try {
    await expectLight(player, "Delayed");
    await expectLight(desk, "Delayed");
    await expect(player.getByText("Live updates are away")).toBeVisible();
    await write(desk, "can you hear me?");
    await expect(bubbles(player, "can you hear me?")).toBeVisible();
    await write(player, "yes");
    await expect(bubbles(desk, "yes")).toBeVisible();
    await expectState(player, "yes", "delivered");
  } finally {
    await comeBack();
  }
  await expectLight(player, "Live");
  await expectLight(desk, "Live");
  await write(player, "and now at once");
  await expect(bubbles(desk, "and now at once")).toBeVisible();
});

test("a stalled subscription is detected by a missing confirmation and polled", async ({
  browser,
}) => {
  const name = newPlayer();
  const player = await openPlayer(browser, name);
  const comeBack = await withoutBroadcasts();
  try {
    await write(player, "can you read this?");
    await expectLight(player, "Delayed");
    await expectState(player, "can you read this?", "delivered");
    await send(name, "ada", "I do");
    await expect(bubbles(player, "I do")).toBeVisible();
  } finally {
    await comeBack();
  }
  await expectLight(player, "Live");
});

test("a full outbox is sent once after offline and a reload", async ({ browser }) => {
  const name = newPlayer();
  const player = await openPlayer(browser, name);
  await player.context().setOffline(true);
  for (const content of FIVE) await write(player, content);
  await expectState(player, "five", "waiting");
  await expectLight(player, "Offline");
  const comeBack = await withoutGateway(player.context());
  await player.context().setOffline(false);
  await player.reload();
  for (const content of FIVE) await expect(bubbles(player, content)).toBeVisible();
  await comeBack();
  for (const content of FIVE) await expectState(player, content, "delivered");
  await expect.poll(() => persisted(name)).toEqual(FIVE);
});

test("an unsent message is sent once after a reload", async ({ browser }) => {
  const name = newPlayer();
  const player = await openPlayer(browser, name);
  const comeBack = await withoutGateway(player.context());
  for (const content of FIVE) await write(player, content);
  await expectState(player, "five", "waiting");
  await player.reload();
  for (const content of FIVE) await expect(bubbles(player, content)).toBeVisible();
  await comeBack();
  for (const content of FIVE) await expectState(player, content, "delivered");
  await expect.poll(() => persisted(name)).toEqual(FIVE);
});

test("a tab sends the unsent messages of a closed one", async ({ browser }) => {
  const name = newPlayer();
  const first = await openPlayer(browser, name);
  const context = first.context();
  const second = await context.newPage();
  await second.goto(address("player", name, `Name of ${name}`));
  await expectLight(second, "Live");
  const comeBack = await withoutGateway(context);
  for (const content of FIVE) await write(first, content);
  await expectState(first, "five", "waiting");
  for (const content of FIVE) await expect(bubbles(second, content)).toBeVisible();
  await first.close();
  await comeBack();
  for (const content of FIVE) await expectState(second, content, "delivered");
  await expect.poll(() => persisted(name)).toEqual(FIVE);
});

test("a history of 1,000 messages opens at its end and scrolls to its beginning", async ({
  browser,
}) => {
  test.setTimeout(300_000);
  const name = newPlayer();
  let next = 1;
  const worker = async () => {
    // Each by a member of staff of its own, since each has a rate limit.
    while (next <= 1_000) await send(name, `staff-${next}`, `message ${next++}`);
  };
  await Promise.all(Array.from({ length: 48 }, worker));
  await expect.poll(async () => (await persisted(name)).length, { timeout: 60_000 }).toBe(1_000);

  const player = await openPlayer(browser, name);
  await expect(player.locator(".ppc-bubble").last()).toBeInViewport();
  const list = player.getByRole("region", { name: "Messages" });
  const beginning = player.getByText(/^Started /);
  await expect
    .poll(
      async () => {
        await list.evaluate((element) => element.scrollTo({ top: 0 }));
        return beginning.count();
      },
      { timeout: 200_000, intervals: [50] },
    )
    .toBe(1);
  expect(await player.locator(".ppc-bubble").count()).toBeLessThan(80);
  await write(player, "and one more");
  await expect(bubbles(player, "and one more")).toBeInViewport();
  await expectState(player, "and one more", "delivered");
});
