import { randomUUID } from "node:crypto";
import { expect, type Page } from "@playwright/test";
import { test } from "../test.js";
import { callSystem, injectFaults } from "./system.js";

const SORA = "p-9313";
const grace = (status: "active" | "resolved") => ({
  ...{ playerId: SORA, status, changeId: randomUUID() },
  ...{ actorId: "grace", actorName: "Grace Hopper" },
});
const notice = (page: Page) => page.locator(".ppc-notice");

test.beforeEach(async ({ page }) => {
  await page.goto("/?portal=staff&scene=busy");
  await page.getByRole("option", { name: "Sora Tanaka" }).click();
  await expect(page.getByText("Is the tournament still on tonight?").last()).toBeVisible();
  await expect(page.getByText("Live", { exact: true }).first()).toBeVisible();
});

test("a resolve is refused when the player wrote meanwhile", async ({ page }) => {
  await injectFaults(page, { broadcast: [2_000, 2_000] });
  await callSystem(page, "send", { playerId: SORA, senderType: "player", content: "And where?" });
  await page.getByRole("button", { name: "Resolve" }).click();
  await expect(notice(page)).toContainText("The player wrote meanwhile");
  await expect(page.locator(".ppc-bubble", { hasText: "And where?" })).toBeVisible();
  await injectFaults(page, { broadcast: [5, 30] });
  await page.getByRole("button", { name: "Resolve" }).click();
  await expect(notice(page)).toContainText("Resolved by Ada");
});

test("a faster colleague is named", async ({ page }) => {
  await injectFaults(page, { broadcast: [1_000, 1_000] });
  await callSystem(page, "changeStatus", grace("active"));
  await page.getByRole("button", { name: "Take" }).click();
  await expect(notice(page)).toContainText("Grace Hopper was first and has taken");
  await expect(page.locator(".ppc-facts")).toContainText("Grace Hopper");

  await callSystem(page, "changeStatus", grace("resolved"));
  await page.getByRole("button", { name: "Resolve" }).click();
  await expect(notice(page)).toContainText("Grace Hopper was first and has resolved");
});

test("names and texts do not change the direction around them, and none is empty", async ({
  page,
}) => {
  // Either message may arrive first.
  const player = { playerId: SORA, playerName: "\u202eevil\u2066", senderType: "player" };
  await callSystem(page, "send", { ...player, content: "\u202eabc" });
  await callSystem(page, "send", { ...player, content: "\u200b\u3164" });
  const bubble = page.locator(".ppc-bubble", { hasText: "This message has no visible text" });
  await expect(bubble).toBeVisible();
  const option = page.getByRole("option", { name: "evil" });
  await expect(option).toBeVisible();
  expect(await option.locator("bdi").first().textContent()).toBe("evil");
});

test("resolved conversations load when their tab is opened", async ({ page }) => {
  const resolved = page.getByRole("tab", { name: "Resolved" });
  await expect(resolved).toHaveText(/^Resolved\s*$/);
  await resolved.click();
  await expect(page.getByText("Petr Novák")).toBeVisible();
  await expect(resolved).toHaveText("Resolved 2");
});

test("a resolved conversation is reopened by a button and can be resolved again", async ({
  page,
}) => {
  await page.getByRole("button", { name: "Resolve", exact: true }).click();
  await expect(notice(page)).toContainText("Resolved by Ada");
  await page.getByRole("button", { name: "Reopen" }).click();
  await expect(page.locator(".ppc-facts")).toContainText("Active");
  await expect(page.getByLabel("Your message")).toBeFocused();
  await expect(notice(page)).toBeEmpty();
  await expect(page.getByRole("option", { name: "Sora Tanaka" })).toBeHidden();
  await page.getByRole("tab", { name: "Active" }).click();
  await expect(page.getByRole("option", { name: "Sora Tanaka" })).toBeVisible();
  // A later change by a colleague is not reported as faster.
  await callSystem(page, "changeStatus", grace("resolved"));
  await expect(notice(page)).toContainText("Resolved by Grace Hopper");
  await expect(page.getByRole("button", { name: "Reopen" })).toBeVisible();
});

test("a conversation reopened by a colleague is shown as the colleague's", async ({ page }) => {
  await callSystem(page, "changeStatus", grace("resolved"));
  await expect(notice(page)).toContainText("Resolved by Grace Hopper");
  const sessionId = await page.evaluate((player) => {
    const { system } = window as never as {
      system: { store: { conversation(player: string): { session: { id: string } } } };
    };
    return system.store.conversation(player).session.id;
  }, SORA);
  await injectFaults(page, { broadcast: [1_000, 1_000] });
  await callSystem(page, "changeStatus", { ...grace("active"), sessionId });
  await page.getByRole("button", { name: "Reopen" }).click();
  await expect(notice(page)).toContainText("Grace Hopper was first");
  await expect(page.locator(".ppc-facts")).toContainText("Active");
});

test("a change that fails after the sign-in expired offers to sign in", async ({ page }) => {
  await page.goto("/?portal=staff&scene=busy&signIn");
  await page.getByRole("option", { name: "Sora Tanaka" }).click();
  await expect(page.getByText("Is the tournament still on tonight?").last()).toBeVisible();
  await injectFaults(page, { token: "another" });
  await page.getByRole("button", { name: "Take" }).click();
  await expect(notice(page)).toContainText("not done, because your sign-in has expired");
  await notice(page).getByRole("button", { name: "Sign in again" }).click();
  await expect(page).toHaveURL(/#signed-in/);
  await expect(page.locator(".ppc-banner")).toContainText("Your sign-in has expired");
  await expect(page.locator(".ppc-banner")).not.toContainText("from the portal");
  await expect(page.locator(".ppc-banner").getByRole("button")).toHaveText("Sign in again");
});

test("a conversation is marked as unread by its menu and by a key", async ({ page }) => {
  const sora = page.getByRole("option", { name: "Sora Tanaka" });
  await expect(sora).not.toContainText("unread");
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("button", { name: "Mark as unread" }).click();
  await expect(page.getByText("Choose a conversation")).toBeVisible();
  await expect(sora).toContainText("unread");
  // By the keyboard, also when staff wrote last.
  await page.getByRole("tab", { name: "Active" }).click();
  const tomas = page.getByRole("option", { name: "Tomás Rivera" });
  await tomas.click();
  await expect(page.getByText("Under Settings, Account, Move").last()).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("u");
  await expect(tomas).toContainText("unread");
  await tomas.click();
  await expect(tomas).not.toContainText("unread");
});

test("on a phone the header has one line, and a menu has the rest", async ({ page }) => {
  await page.getByText("Dragon_Slayer").click();
  await page.setViewportSize({ width: 390, height: 844 });
  const header = page.locator(".ppc-conversation .ppc-header");
  await expect(header.getByRole("heading")).toContainText("Very_Long_Name");
  expect((await header.boundingBox())?.height).toBeLessThan(64);
  await expect(header.getByRole("button", { name: "Resolve" })).toBeHidden();
  await page.getByRole("button", { name: "More" }).click();
  await expect(header.getByText("dragon_slayer_9000").last()).toBeVisible();
  await expect(header.getByText(/waits/).last()).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "More" })).toBeFocused();
  await page.keyboard.press("Enter");
  await header.getByRole("button", { name: "Resolve" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(header.getByRole("button", { name: "Take" })).toBeVisible();
});

test("the whole conversation is loaded before printing", async ({ page }) => {
  await page.addInitScript(() => {
    window.print = () => {
      dispatchEvent(new Event("beforeprint"));
      const count = document.querySelectorAll(".ppc-bubble").length;
      dispatchEvent(new Event("afterprint"));
      document.body.dataset.printed = String(count);
    };
  });
  await page.goto("/?portal=staff&scene=empty");
  await expect(page.getByText("Live", { exact: true }).first()).toBeVisible();
  for (let number = 1; number <= 230; number += 1)
    await callSystem(page, "persist", {
      playerId: "long",
      senderType: "player",
      content: `${number}`,
    });
  await callSystem(page, "send", { playerId: "long", senderType: "player", content: "the last" });
  await page.getByRole("option", { name: "long" }).click();
  await expect(page.locator(".ppc-bubble", { hasText: "the last" })).toBeVisible();
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("button", { name: "Print the conversation" }).click();
  await expect(page.locator("body")).toHaveAttribute("data-printed", "231");
});
