import { randomUUID } from "node:crypto";
import { type Browser, expect, type Page } from "@playwright/test";
import { expectAccessible } from "../axe.js";
import { test } from "../test.js";
import {
  address,
  bubbles,
  choose,
  expectLight,
  expectState,
  newPlayer,
  openPlayer,
  openStaff,
  reads,
  refocus,
  search,
  send,
  write,
} from "./system.js";

/** A member of staff without marks. */
const newStaff = (): string => `staff-${randomUUID().slice(0, 8)}`;
const row = (desk: Page, player: string) => desk.getByRole("option", { name: `Name of ${player}` });

/** Waits until the next pages of the desk's inbox show `text` in the player's row. */
async function expectInRow(desk: Page, player: string, text: string | RegExp): Promise<void> {
  await expect
    .poll(async () => {
      await refocus(desk);
      return row(desk, player).textContent();
    })
    .toMatch(text);
}

/** A player's chat whose window is behind another one until the returned function is called. */
async function openInBackground(browser: Browser, player: string) {
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript(() => {
    Object.assign(window, { away: true });
    document.hasFocus = () => !(window as never as { away: boolean }).away;
  });
  await page.goto(address("player", player, `Name of ${player}`));
  await expectLight(page, "Live");
  const comeBack = async () => {
    await page.evaluate(() => Object.assign(window, { away: false }));
    await refocus(page);
  };
  return { page, comeBack };
}

test("the player sees when staff have read, and staff that the player has", async ({ browser }) => {
  const name = newPlayer();
  const [player, desk] = await Promise.all([
    openPlayer(browser, name),
    openStaff(browser, newStaff()),
  ]);
  await write(player, "My sword is gone");
  await expectState(player, "My sword is gone", "delivered");
  const read = player.getByText(/^Read \d\d:\d\d$/);
  await expect(read).toBeHidden();
  await choose(desk, name);
  await expect(read).toBeVisible();
  expect((await read.boundingBox())?.y).toBeGreaterThan(
    (await bubbles(player, "My sword is gone").boundingBox())?.y ?? 0,
  );
  await expectAccessible(player);

  await write(desk, "It is in the bank");
  const tick = bubbles(desk, "It is in the bank").locator(".ppc-delivery");
  await expect
    .poll(async () => {
      await refocus(desk);
      return tick.textContent();
    })
    .toBe("Read by the player");
  await expectAccessible(desk);
});

test("a player's page in the background marks nothing until it has the focus", async ({
  browser,
}) => {
  const [behind, front] = [newPlayer(), newPlayer()];
  for (const player of [behind, front]) await send(player, null, "hello");
  const { page, comeBack } = await openInBackground(browser, behind);
  await openPlayer(browser, front);
  for (const player of [behind, front]) await send(player, "ada", "an answer");
  await expect(bubbles(page, "an answer")).toBeVisible();
  // A page with the focus marks in that time.
  await expect.poll(async () => (await reads(front)).player).toBe(2);
  expect((await reads(behind)).player).toBeUndefined();
  await comeBack();
  await expect.poll(async () => (await reads(behind)).player).toBe(2);
});

test("what one desk reads is read at another desk of the same person", async ({ browser }) => {
  const name = newPlayer();
  const me = newStaff();
  const player = await openPlayer(browser, name);
  for (const content of ["one", "two", "three"]) await write(player, content);
  await expectState(player, "three", "delivered");
  const [first, second] = await Promise.all([openStaff(browser, me), openStaff(browser, me)]);
  await search(second, name);
  await expectInRow(second, name, "3 unread messages");
  await choose(first, name);
  await expect.poll(async () => (await reads(name, me)).mine).toBe(3);
  await refocus(second);
  await expect(row(second, name)).not.toContainText("unread");
  // A colleague has read nothing.
  const colleague = await openStaff(browser, newStaff());
  await search(colleague, name);
  await expectInRow(colleague, name, "3 unread messages");
});

test("a mark as unread shows at another desk, with a divider above the first message", async ({
  browser,
}) => {
  const name = newPlayer();
  const me = newStaff();
  const player = await openPlayer(browser, name);
  await write(player, "one");
  await expectState(player, "one", "delivered");
  const [first, second] = await Promise.all([openStaff(browser, me), openStaff(browser, me)]);
  await choose(first, name);
  await write(first, "answer");
  await expectState(first, "answer", "delivered");
  await write(player, "two");
  await expect(bubbles(first, "two")).toBeVisible();
  await expect.poll(async () => (await reads(name, me)).mine).toBe(3);
  await search(second, name);
  await expect(row(second, name)).not.toContainText("unread");
  await first.getByRole("button", { name: "More" }).click();
  await first.getByRole("button", { name: "Mark as unread" }).click();
  await expect(row(first, name)).toContainText("unread");
  await expectInRow(second, name, "1 unread message");
  await row(second, name).click();
  const divider = second.getByText("Unread messages", { exact: true });
  await expect(divider).toBeVisible();
  expect((await bubbles(second, "two").boundingBox())?.y).toBeGreaterThan(
    (await divider.boundingBox())?.y ?? Number.POSITIVE_INFINITY,
  );
  await expect.poll(async () => (await reads(name, me)).mine).toBe(3);
});
