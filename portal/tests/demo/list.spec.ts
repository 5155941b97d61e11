import { expect, type Page } from "@playwright/test";
import { test } from "../test.js";
import { scrollSlightly } from "./scroll.js";
import { callSystem } from "./system.js";

const options = (page: Page) => page.getByRole("option");
const answered = (page: Page, number: number) =>
  callSystem(page, "persist", {
    ...{ playerId: `olaf-${number}`, playerName: `Olaf ${number}`, senderType: "player" },
    content: "hello",
  });
const writes = (page: Page, number: number) =>
  callSystem(page, "send", {
    ...{ playerId: `olaf-${number}`, playerName: `Olaf ${number}`, senderType: "player" },
    content: "and more",
  });

/** A desk with `count` answered conversations, the latest first. */
async function openActive(page: Page, count: number): Promise<void> {
  await page.goto("/?portal=staff&scene=empty");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  for (let number = 1; number <= count; number += 1) {
    await answered(page, number);
    await callSystem(page, "persist", {
      ...{ playerId: `olaf-${number}`, senderType: "staff", senderId: "ada" },
      content: "hi",
    });
  }
  await callSystem(page, "disconnect");
  await page.getByRole("tab", { name: "Active" }).click();
  await expect(options(page).first()).toContainText(`Olaf ${count}`, { timeout: 20_000 });
}

test("the row under the pointer stays in place, and new rows wait", async ({ page }) => {
  await openActive(page, 5);
  const row = page.getByRole("option", { name: "Olaf 3" });
  await row.hover();
  const before = await row.boundingBox();
  await writes(page, 1);
  await writes(page, 9);
  await expect(page.getByRole("option", { name: "Olaf 1" })).toContainText("and more");
  expect(await row.boundingBox()).toEqual(before);
  await page.mouse.down();
  await page.mouse.up();
  await expect(page.getByRole("heading", { name: "Olaf 3" })).toBeVisible();
  await page.mouse.move(900, 400);
  await expect(options(page).first()).toContainText("Olaf 1");
});

test("a conversation is opened by a click during which the list scrolls", async ({ page }) => {
  await openActive(page, 20);
  await page.getByRole("option", { name: "Olaf 18" }).hover();
  await page.mouse.down();
  await scrollSlightly(page.getByRole("listbox"));
  await page.mouse.up();
  await expect(page.getByRole("heading", { name: "Olaf 18" })).toBeVisible();
});

test("new rows are counted above the list and shown on a click", async ({ page }) => {
  await openActive(page, 3);
  await page.getByRole("option", { name: "Olaf 3" }).hover();
  await callSystem(page, "send", {
    playerId: "olaf-9",
    senderType: "staff",
    content: "hello there",
  });
  await page.getByRole("button", { name: "1 new" }).click();
  await expect(page.getByRole("option", { name: "olaf-9" })).toBeVisible();
});

test("rows added above do not move the visible ones", async ({ page }) => {
  await openActive(page, 60);
  await page.getByRole("listbox").evaluate((list) => list.scrollTo({ top: 1_200 }));
  await page.mouse.move(900, 400);
  const row = page.getByRole("option", { name: "Olaf 41" });
  await expect(row).toBeVisible();
  const before = await row.boundingBox();
  for (const number of [1, 2, 3]) await writes(page, number);
  const top = () => page.getByRole("listbox").evaluate((list) => list.scrollTop);
  // The three that have come above.
  await expect.poll(top).toBeGreaterThan(1_300);
  // A row that has come is measured once it is drawn.
  const moved = async () => Math.abs(((await row.boundingBox())?.y ?? 0) - (before?.y ?? 0));
  await expect.poll(moved).toBeLessThanOrEqual(1);
});

test("a conversation has an address, and Back leads to the list on a phone", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/?portal=staff&scene=busy");
  await page.getByRole("option", { name: "Sora Tanaka" }).click();
  await expect(page.getByRole("heading", { name: "Sora Tanaka" })).toBeVisible();
  expect(page.url()).toContain("#/c/p-9313");
  await page.goBack();
  await expect(page.getByText("Noor")).toBeVisible();
  await page.goForward();
  await expect(page.getByRole("heading", { name: "Sora Tanaka" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Sora Tanaka" })).toBeVisible();
  await page.getByRole("button", { name: "Back to the inbox" }).click();
  await expect(page.getByText("Noor")).toBeVisible();
  expect(page.url()).not.toContain("#/c/");
});
