import { expect, type Page } from "@playwright/test";
import { test } from "../test.js";
import { callSystem, injectFaults } from "./system.js";

// The most frequent journeys, in each browser: without features of one browser only, and by typing,
// since React in Firefox does not notice Playwright's fill().

const field = (page: Page) => page.getByLabel("Your message");
const bubble = (page: Page, text: string) => page.locator(".ppc-bubble", { hasText: text });
const isLive = (page: Page) =>
  expect(page.locator('.ppc-light[data-link="live"]').first()).toBeAttached();

test("a player's message is delivered and answered", async ({ page }) => {
  await page.goto("/?portal=player&scene=empty");
  await isLive(page);
  await field(page).click();
  await page.keyboard.type("My sword is gone");
  await page.keyboard.press("Enter");
  await expect(bubble(page, "My sword is gone")).toHaveAttribute("data-state", "delivered");
  await expect(page.getByText("Waiting for an answer")).toBeVisible();
  const answer = { playerId: "bo-1815", senderType: "staff", senderName: "Ada" };
  await callSystem(page, "send", { ...answer, content: "It is in https://example.com/bank" });
  await expect(bubble(page, "It is in")).toBeVisible();
  await expect(page.getByRole("link")).toHaveAttribute("href", "https://example.com/bank");
  await expect(page.getByText("In conversation")).toBeVisible();
  await expect(page.getByRole("log")).toContainText("Ada: It is in");
});

test("staff answer, resolve and reopen a conversation", async ({ page }) => {
  await page.goto("/?portal=staff&scene=busy");
  await page.getByRole("option", { name: "James Okafor" }).click();
  await expect(field(page)).toBeFocused();
  await page.keyboard.type("Let me see");
  await page.keyboard.press("Enter");
  await expect(bubble(page, "Let me see")).toHaveAttribute("data-state", "delivered");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("listbox")).toBeFocused();
  await expect(page.getByRole("button", { name: "Resolve" })).toBeEnabled();
  await page.keyboard.press("e");
  await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  await expect(page.getByText("Resolved by Ada")).toBeVisible();
  await page.getByRole("button", { name: "Reopen" }).click();
  await expect(page.getByRole("button", { name: "Resolve" })).toBeVisible();
});

test("Enter that ends an IME composition does not send, in any browser's order of events", async ({
  page,
}) => {
  await page.goto("/?portal=player&scene=busy");
  await expect(bubble(page, "Found it 😄")).toBeVisible();
  await field(page).focus();
  const composes = (text: string, enterIsComposing: boolean) =>
    page.evaluate(
      ({ text, enterIsComposing }) => {
        const element = document.querySelector("textarea") as HTMLTextAreaElement;
        const enter = {
          key: "Enter",
          code: "Enter",
          keyCode: 229,
          bubbles: true,
          cancelable: true,
        };
        const press = (isComposing: boolean) =>
          element.dispatchEvent(new KeyboardEvent("keydown", { ...enter, isComposing }));
        element.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
        document.execCommand("insertText", false, text);
        if (enterIsComposing) press(true);
        element.dispatchEvent(
          new CompositionEvent("compositionend", { bubbles: true, data: text }),
        );
        // Safari's order.
        if (!enterIsComposing) press(false);
      },
      { text, enterIsComposing },
    );
  await composes("日本", true);
  await composes("語", false);
  await expect(field(page)).toHaveValue("日本語");
  await page.keyboard.press("Enter");
  await expect(bubble(page, "日本語")).toHaveAttribute("data-state", "delivered");
});

test("an unsent message is sent once after a reload", async ({ page }) => {
  await page.goto("/?portal=player&scene=empty&keep");
  await isLive(page);
  await injectFaults(page, { networkFails: true });
  await field(page).click();
  for (const content of ["one", "two"]) {
    await page.keyboard.type(content);
    await page.keyboard.press("Enter");
  }
  await expect(bubble(page, "two")).toHaveAttribute("data-state", "waiting");
  await page.keyboard.type("a draft");
  await page.reload();
  for (const content of ["one", "two"])
    await expect(bubble(page, content)).toHaveAttribute("data-state", "delivered");
  await expect(page.locator(".ppc-bubble")).toHaveCount(2);
  await expect(field(page)).toHaveValue("a draft");
});

test("a long conversation stays at its end, and older messages load by scrolling", async ({
  page,
}) => {
  await page.goto("/?portal=player&scene=many");
  await expect(bubble(page, "Message 10000")).toBeInViewport();
  await callSystem(page, "send", {
    playerId: "bo-1815",
    senderType: "staff",
    content: "a new one",
  });
  await expect(bubble(page, "a new one")).toBeInViewport();
  await page.locator(".ppc-scroller").evaluate((list) => list.scrollTo({ top: 0 }));
  await expect
    .poll(() => page.locator(".ppc-scroller").evaluate((list) => list.scrollTop))
    .toBeGreaterThan(500);
  await expect(page.getByRole("button", { name: "Go to the newest messages" })).toBeVisible();
});
