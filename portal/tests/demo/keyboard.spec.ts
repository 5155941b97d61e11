import { expect, type Page } from "@playwright/test";
import { test } from "../test.js";

const chosen = (page: Page) => page.locator('[role="option"][aria-selected="true"]');
const answer = (page: Page) => page.getByLabel("Your message");

test.beforeEach(async ({ page }) => {
  await page.goto("/?portal=staff&scene=busy");
  await expect(page.getByText("Yara Haddad")).toBeVisible();
});

test("a conversation is answered and resolved by keyboard", async ({ page }) => {
  await page.keyboard.press("j");
  await expect(chosen(page)).toContainText("Yara Haddad");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await expect(chosen(page)).toContainText("Dragon_Slayer");
  await expect(page.getByRole("button", { name: "Take" })).toBeEnabled();
  await page.keyboard.press("t");
  await expect(page.getByRole("tab", { name: "Pending 5" })).toBeVisible();
  await page.keyboard.press("2");
  await expect(chosen(page)).toContainText("Dragon_Slayer");

  await page.keyboard.press("r");
  await expect(answer(page)).toBeFocused();
  await page.keyboard.type("On it, jump");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("in a minute");
  await page.keyboard.press("Enter");
  await expect(page.locator(".ppc-bubble", { hasText: "On it, jump\nin a minute" })).toBeVisible();
  await expect(answer(page)).toHaveValue("");

  await page.keyboard.press("Escape");
  await expect(page.getByRole("listbox")).toBeFocused();
  await expect(page.getByRole("button", { name: "Resolve" })).toBeEnabled();
  await page.keyboard.press("e");
  await page.keyboard.press("3");
  await expect(page.getByRole("tab", { name: "Resolved 3" })).toBeVisible();
});

test("arrow keys walk the list, and Enter moves to the composer", async ({ page }) => {
  await page.getByRole("listbox").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("End");
  await expect(chosen(page)).toContainText("Noor");
  await page.keyboard.press("ArrowUp");
  await expect(chosen(page)).toContainText("Sora Tanaka");
  await page.keyboard.press("Enter");
  await expect(answer(page)).toBeFocused();
});

test("single-key shortcuts can be turned off and ignore typing", async ({ page }) => {
  await page.keyboard.press("/");
  await page.keyboard.type("j?");
  await expect(page.getByLabel("Search by player")).toHaveValue("j?");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.keyboard.press("Escape");

  await page.keyboard.press("?");
  await page.getByRole("switch", { name: "Shortcuts of a single key" }).click();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.keyboard.press("j");
  await expect(chosen(page)).toHaveCount(0);
});

test("a search finds names and ids, and opens a player without messages", async ({ page }) => {
  await page.getByLabel("Search by player").fill("P-4412");
  await expect(page.getByRole("option")).toHaveCount(1);
  await page.getByLabel("Search by player").fill("absent-yet");
  await page.getByRole("button", { name: "Open the conversation of absent-yet" }).click();
  await expect(page.getByText("This player has not written yet")).toBeVisible();
});

test("a draft is restored when its conversation is opened again", async ({ page }) => {
  await page.getByRole("option", { name: "Yara Haddad" }).click();
  await answer(page).fill("half an answer");
  await page.getByRole("option", { name: "Sora Tanaka" }).click();
  await expect(answer(page)).toHaveValue("");
  await page.getByRole("option", { name: "Yara Haddad" }).click();
  await expect(answer(page)).toHaveValue("half an answer");
});

test("a new message is announced and moves no focus", async ({ page }) => {
  await page.keyboard.press("j");
  await page.evaluate(() => {
    const { system } = window as never as { system: { send(message: object): void } };
    system.send({
      playerId: "new-one",
      playerName: "Zed",
      senderType: "player",
      content: "hi there",
    });
  });
  await expect(page.getByRole("log")).toHaveText("New message from Zed: hi there");
  await expect(page.getByRole("option").last()).toContainText("Zed");
  await expect(chosen(page)).toContainText("Yara Haddad");
});
