import { expect } from "@playwright/test";
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
  persisted,
  search,
  send,
  write,
} from "./system.js";

test("player and staff, side by side, receive each other's messages at once", async ({
  browser,
}, info) => {
  const name = newPlayer();
  const [player, desk] = await Promise.all([openPlayer(browser, name), openStaff(browser)]);
  await expect(player.getByText("How can we help?")).toBeVisible();

  // The list may have many other rows.
  await search(desk, name);
  let began = Date.now();
  await write(player, "My sword is gone");
  await expect(desk.getByRole("option", { name: `Name of ${name}` })).toBeVisible();
  info.annotations.push({ type: "player to staff, ms", description: String(Date.now() - began) });
  await expectState(player, "My sword is gone", "delivered");
  await expect(player.getByText("Waiting for an answer")).toBeVisible();

  await choose(desk, name);
  await desk.getByRole("button", { name: "Take" }).click();
  await expect(player.getByText("In conversation")).toBeVisible();
  began = Date.now();
  await write(desk, "It is in the bank");
  await expect(bubbles(player, "It is in the bank")).toBeVisible();
  info.annotations.push({ type: "staff to player, ms", description: String(Date.now() - began) });
  await expectState(desk, "It is in the bank", "delivered");
  await expectAccessible(player);
  await expectAccessible(desk);

  await desk.getByRole("button", { name: "Resolve" }).click();
  await expect(player.getByText("This conversation is resolved")).toBeVisible();
  await expect(desk.getByText("When the player writes again, it opens again")).toBeVisible();
  // No message arrived by polling.
  await expectLight(player, "Live");
  await expectLight(desk, "Live");
  await expect.poll(() => persisted(name)).toEqual(["My sword is gone", "It is in the bank"]);
});

test("a session resolved while the player writes keeps the message", async ({ browser }) => {
  const name = newPlayer();
  const [player, desk] = await Promise.all([openPlayer(browser, name), openStaff(browser)]);
  await write(player, "hello");
  await choose(desk, name);
  await player.getByLabel("Your message").fill("one more thi");
  await desk.getByRole("button", { name: "Resolve" }).click();
  await expect(player.getByText("This conversation is resolved")).toBeVisible();
  await expect(player.getByLabel("Your message")).toHaveValue("one more thi");
  await player.getByLabel("Your message").focus();
  await player.keyboard.type("ng");
  await player.keyboard.press("Enter");
  await expect(player.getByText("Waiting for an answer")).toBeVisible();
  await expect(desk.getByText("Opened again")).toBeVisible();
});

test("a reopened session continues with the player's next message", async ({ browser }) => {
  const name = newPlayer();
  const [player, desk] = await Promise.all([openPlayer(browser, name), openStaff(browser)]);
  await write(player, "hello");
  await choose(desk, name);
  await desk.getByRole("button", { name: "Resolve" }).click();
  await expect(player.getByText("This conversation is resolved")).toBeVisible();
  await desk.getByRole("button", { name: "Reopen" }).click();
  await expect(player.getByText("In conversation")).toBeVisible();
  await write(player, "one more thing");
  await expect(bubbles(desk, "one more thing")).toBeVisible();
  await expect(desk.getByText("Opened again")).toHaveCount(0);
});

test("staff receive their colleagues' answers", async ({ browser }) => {
  const name = newPlayer();
  await send(name, null, "hello");
  const [ada, grace] = await Promise.all([openStaff(browser, "ada"), openStaff(browser, "grace")]);
  await search(ada, name);
  await ada.getByRole("option").first().click();
  await search(grace, name);
  await grace.getByRole("option").first().click();
  await write(ada, "I take this one");
  await expect(bubbles(grace, "I take this one")).toBeVisible();
  // The beginning of the session names her too, once the history has the answer.
  await expect(grace.locator(".ppc-sender").getByText("Ada", { exact: true })).toBeVisible();
});

test("a message is shown as text and nothing in it is executed", async ({ browser }) => {
  const name = newPlayer();
  const player = await openPlayer(browser, name);
  const content =
    '<img src=x onerror="document.title=1"> javascript:alert(1) https://example.com/a';
  await write(player, content);
  const bubble = player.locator(".ppc-bubble");
  await expect(bubble).toHaveAttribute("data-state", "delivered");
  await expect(bubble).toContainText("<img src=x onerror=");
  await expect(bubble.locator("img")).toHaveCount(0);
  await expect(bubble.locator("a")).toHaveCount(1);
  await expect(bubble.locator("a")).toHaveAttribute("href", "https://example.com/a");
});

test("a message too long for Pusher is shown whole", async ({ browser }) => {
  const name = newPlayer();
  const [player, desk] = await Promise.all([openPlayer(browser, name), openStaff(browser)]);
  await write(player, "first");
  await choose(desk, name);
  const content = `${"🗡️ ".repeat(1_200)}the end`;
  await write(player, content);
  await expect(desk.locator(".ppc-bubble", { hasText: "the end" })).toBeVisible();
});

test("an expired token is reported, and messages wait for the next one", async ({ page }) => {
  const name = newPlayer();
  await page.goto(address("player", name, "Bo", -3_600));
  await expect(page.getByText("Your sign-in has expired")).toBeVisible();
  await write(page, "I am still here");
  await expectState(page, "I am still here", "waiting");
  await page.goto(address("player", name, "Bo"));
  await expectState(page, "I am still here", "delivered");
});

test("the token leaves the address and survives a reload", async ({ page }) => {
  await page.goto(address("player", newPlayer(), "Bo"));
  await expectLight(page, "Live");
  expect(page.url()).not.toContain("token");
  await page.reload();
  await expectLight(page, "Live");
});

test("without a token, or with one of another role, the page says what to do", async ({ page }) => {
  await page.goto(address("player", newPlayer(), "Bo").replace(/#.*/, ""));
  await expect(page.getByRole("heading", { name: "Open the chat from the portal" })).toBeVisible();
  await expectAccessible(page);
  await page.goto(address("player", newPlayer(), "Bo").replace("/player/", "/staff/"));
  await expect(
    page.getByRole("heading", { name: "This address is for another user" }),
  ).toBeVisible();
});

test("a link with another user's token asks before it changes the user", async ({ page }) => {
  const [anna, ben] = [newPlayer(), newPlayer()];
  await page.goto(address("player", anna, "Anna"));
  await expectLight(page, "Live");
  await page.getByLabel("Your message").fill("for Anna's eyes");
  await page.goto(address("player", ben, "Ben"));
  await expect(page.getByRole("heading", { name: "Go on as" })).toContainText("Ben");
  await expect(page.getByRole("button", { name: "Stay" })).toContainText("Anna");
  expect(page.url()).not.toContain("token");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Stay" }).click();
  await expect(page.getByLabel("Your message")).toHaveValue("for Anna's eyes");
  await page.reload();
  await expect(page.getByLabel("Your message")).toHaveValue("for Anna's eyes");

  // The same in a new tab, where only local storage has the last user.
  const other = await page.context().newPage();
  await other.goto(address("player", ben, "Ben"));
  await other.getByRole("button", { name: "Go on as" }).click();
  await expectLight(other, "Live");
  await expect(other.getByLabel("Your message")).toHaveValue("");
});
