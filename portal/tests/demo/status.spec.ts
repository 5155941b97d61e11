import { randomUUID } from "node:crypto";
import { expect, type Page, test } from "@playwright/test";
import { does, fails } from "./system.js";

const SORA = "p-9313";
const grace = (status: "active" | "resolved") => ({
  ...{ playerId: SORA, status, changeId: randomUUID() },
  ...{ actorId: "grace", actorName: "Grace Hopper" },
});
const notice = (page: Page) => page.locator(".ppc-notice");

test.beforeEach(async ({ page }) => {
  await page.goto("/?portal=staff&scene=busy");
  await page.getByText("Sora Tanaka").click();
  await expect(page.getByText("Is the tournament still on tonight?").last()).toBeVisible();
  await expect(page.getByText("Live", { exact: true }).first()).toBeVisible();
});

test("a conversation stays open in which the player wrote while it was being resolved", async ({
  page,
}) => {
  await fails(page, { broadcast: [2_000, 2_000] });
  await does(page, "say", { playerId: SORA, senderType: "player", content: "And where?" });
  await page.getByRole("button", { name: "Resolve" }).click();
  await expect(notice(page)).toContainText("The player wrote meanwhile");
  await expect(page.locator(".ppc-bubble", { hasText: "And where?" })).toBeVisible();
  await fails(page, { broadcast: [5, 30] });
  await page.getByRole("button", { name: "Resolve" }).click();
  await expect(notice(page)).toContainText("Resolved by Ada");
});

test("a colleague who is first is named", async ({ page }) => {
  await fails(page, { broadcast: [1_000, 1_000] });
  await does(page, "changeStatus", grace("active"));
  await page.getByRole("button", { name: "Take" }).click();
  await expect(notice(page)).toContainText("Grace Hopper was first and has taken");
  await expect(page.locator(".ppc-facts")).toContainText("Grace Hopper");

  await does(page, "changeStatus", grace("resolved"));
  await page.getByRole("button", { name: "Resolve" }).click();
  await expect(notice(page)).toContainText("Grace Hopper was first and has resolved");
});

test("names and texts cannot turn around what stands beside them, and none is empty", async ({
  page,
}) => {
  await does(page, "say", {
    playerId: SORA,
    playerName: "\u202eevil\u2066",
    senderType: "player",
    content: "\u202eabc",
  });
  await does(page, "say", { playerId: SORA, senderType: "player", content: "\u200b\u3164" });
  const bubble = page.locator(".ppc-bubble", { hasText: "This message has no visible text" });
  await expect(bubble).toBeVisible();
  const option = page.getByRole("option", { name: "evil" });
  await expect(option).toBeVisible();
  expect(await option.locator("bdi").first().textContent()).toBe("evil");
});

test("the resolved conversations are asked for when they are looked at", async ({ page }) => {
  const resolved = page.getByRole("tab", { name: "Resolved" });
  await expect(resolved).toHaveText(/^Resolved\s*$/);
  await resolved.click();
  await expect(page.getByText("Petr Novák")).toBeVisible();
  await expect(resolved).toHaveText("Resolved 2");
});
