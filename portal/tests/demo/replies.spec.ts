import { expect, type Locator, type Page } from "@playwright/test";
import { expectAccessible } from "../axe.js";
import { test } from "../test.js";

const BO = "bo-1815";

const field = (desk: Page | Locator) => desk.getByLabel("Your message");
const list = (desk: Page | Locator) => desk.getByRole("listbox", { name: "Canned replies" });
const option = (desk: Page | Locator, name: string) => list(desk).getByRole("option", { name });
const bubble = (desk: Page | Locator, text: string) =>
  desk.locator(".ppc-bubble", { hasText: text });

async function openDesk(page: Page): Promise<void> {
  await page.goto(`/?portal=staff&scene=busy&team#/c/${BO}`);
  await expect(bubble(page, "Found it").last()).toBeVisible();
  await field(page).focus();
}

/** Sets the language of Bo's session, as its player's first message has. */
async function speak(page: Page, language: string): Promise<void> {
  await page.evaluate(
    ([player, language]) => {
      type Conversation = { session: { language: string; version: number } };
      type Store = { conversation(player: string): Conversation };
      const { system } = window as never as {
        system: { store: Store; notesAndReplies: { changeSession(what: object): void } };
      };
      system.store.conversation(player).session.language = language;
      system.notesAndReplies.changeSession({ playerId: player, priority: "low" });
    },
    [BO, language] as const,
  );
  await expect(page.getByLabel("Priority", { exact: true })).toHaveValue("low");
}

async function manage(desk: Page | Locator): Promise<Locator> {
  await desk.getByRole("button", { name: "More" }).click();
  await desk.getByRole("button", { name: "Canned replies" }).click();
  return desk.getByRole("dialog", { name: "Canned replies" });
}

test("a slash finds a reply, and Enter inserts it with its variables", async ({ page }) => {
  await openDesk(page);
  await page.keyboard.type("Hi! /gre");
  await expect(option(page, "/hello Greeting")).toHaveAttribute("aria-selected", "true");
  await expect(field(page)).toHaveAttribute("aria-activedescendant", /.+/);
  await page.keyboard.press("Enter");
  await expect(field(page)).toHaveValue(
    "Hi! Hello Bo Lindqvist, Ada Lovelace here. How can I help?",
  );
  await expect(list(page)).toBeHidden();
  await page.keyboard.press("Enter");
  await expect(bubble(page, "Hello Bo Lindqvist, Ada")).toHaveAttribute("data-state", "delivered");
});

test("a slash without canned replies says so, and lets a lead add the first", async ({ page }) => {
  await openDesk(page);
  await page.evaluate(() => {
    type Replies = { all: { id: string }[]; delete(id: string): void };
    type Parts = { replies: Replies; leads: string[]; editReplies(...what: unknown[]): void };
    const { system } = window as never as { system: { notesAndReplies: Parts } };
    const { notesAndReplies: parts } = system;
    parts.editReplies(undefined, "", () => {
      for (const { id } of parts.replies.all) parts.replies.delete(id);
    });
  });
  await page.keyboard.type("/");
  const none = page.getByText("There are no canned replies yet.");
  await expect(none).toContainText("Enter adds the first one.");
  await expectAccessible(page);
  if (process.env.SCREENSHOTS) await page.screenshot({ path: "screenshots/no-replies.png" });
  await page.keyboard.press("Escape");
  await expect(none).toHaveCount(0);
  await expect(field(page)).toBeFocused();
  await page.keyboard.press("Backspace");
  await page.keyboard.type("/");
  await expect(none).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Shortcut")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(field(page)).toBeFocused();

  // Where a lead looks for them, without an open conversation.
  await page.goto("/?portal=staff&scene=busy&team");
  await page.getByRole("button", { name: "Settings" }).click();
  if (process.env.SCREENSHOTS) await page.screenshot({ path: "screenshots/settings.png" });
  await page.getByRole("button", { name: "Canned replies" }).click();
  await expect(page.getByRole("button", { name: "Edit Greeting" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Settings" })).toBeFocused();
});

test("the list is used with the arrow keys, and closes with Escape", async ({ page }) => {
  await openDesk(page);
  await page.keyboard.type("/");
  await expect(option(page, "/bank")).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("ArrowUp");
  await expect(option(page, "/refund")).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(option(page, "/bye")).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Escape");
  await expect(list(page)).toBeHidden();
  await expect(field(page)).toBeFocused();
  await page.keyboard.type("b");
  await expect(list(page)).toBeHidden();
  await field(page).fill("");
  await page.keyboard.type("/b");
  await option(page, "/bye").click();
  await expect(field(page)).toHaveValue("You are welcome, Bo Lindqvist. Have fun!");
  await expect(field(page)).toBeFocused();
});

test("the player's language decides, then the desk's, then the first", async ({ page }) => {
  await openDesk(page);
  await speak(page, "de");
  await field(page).focus();
  await page.keyboard.type("/hello");
  await expect(option(page, "/hello")).toContainText("Hallo Bo Lindqvist, hier ist");
  await page.keyboard.press("Enter");
  await expect(field(page)).toHaveValue(/^Hallo Bo Lindqvist/);
  await field(page).fill("/bye");
  await page.keyboard.press("Enter");
  await expect(field(page)).toHaveValue(/^You are welcome/);
});

test("an unknown variable is marked, and blocks until it is filled in", async ({ page }) => {
  await openDesk(page);
  await page.keyboard.type("/refund");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Fill in {orderNumber} before you send.")).toBeVisible();
  const selected = () =>
    field(page).evaluate((element: HTMLTextAreaElement) =>
      element.value.slice(element.selectionStart, element.selectionEnd),
    );
  expect(await selected()).toBe("{orderNumber}");
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert").filter({ hasText: "{orderNumber}" })).toBeVisible();
  expect(await selected()).toBe("{orderNumber}");
  await expect(bubble(page, "the refund of order")).toHaveCount(0);
  await page.keyboard.type("88213");
  await expect(page.getByText("Fill in {orderNumber}")).toBeHidden();
  await page.keyboard.press("Enter");
  await expect(bubble(page, "the refund of order 88213")).toBeVisible();
  // Braces of another meaning are no variable.
  await field(page).fill("Type {help} in the console");
  await page.keyboard.press("Enter");
  await expect(bubble(page, "Type {help}")).toBeVisible();
});

test("a lead writes a reply, and another desk offers it within seconds", async ({ page }) => {
  await page.setViewportSize({ width: 2600, height: 900 });
  await page.goto("/?portal=desks&scene=busy&team");
  const [ada, grace] = [page.locator("[data-desk=ada]"), page.locator("[data-desk=grace]")];
  for (const desk of [ada, grace]) await desk.getByRole("tab", { name: "Mine" }).click();
  await ada.getByRole("option", { name: "Bo Lindqvist" }).click();
  await grace.getByRole("option", { name: "Mika" }).click();
  const dialog = await manage(ada);
  await dialog.getByRole("button", { name: "New reply" }).click();
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByRole("alert")).toContainText("needs a shortcut, a title and a text");
  await dialog.getByLabel("Shortcut").fill("Password");
  await dialog.getByLabel("Title").fill("A new password");
  await dialog.getByLabel("Text in English").fill("Hi {playerName}, choose a new one.");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByRole("button", { name: "Edit A new password" })).toBeVisible();
  await page.keyboard.press("Escape");
  // Its end gives the focus back to Ada's desk.
  await expect(dialog).toBeHidden();
  await field(grace).pressSequentially("/password");
  await expect(option(grace, "/password")).toContainText("Hi Mika, choose a new one.", {
    timeout: 8_000,
  });

  await manage(ada);
  await dialog.getByRole("button", { name: "Edit A new password" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(dialog.getByRole("alert")).toContainText("for all of the staff?");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(dialog.getByRole("button", { name: "Edit A new password" })).toBeHidden();
  await page.keyboard.press("Escape");
  await field(grace).fill("/pass");
  await expect(list(grace)).toBeHidden({ timeout: 8_000 });
});

test("who is no lead is told so, and reads the list only", async ({ page }) => {
  await openDesk(page);
  await page.evaluate(() => {
    const { system } = window as never as { system: { notesAndReplies: { leads: string[] } } };
    system.notesAndReplies.leads = [];
  });
  const dialog = await manage(page);
  await dialog.getByRole("button", { name: "Edit Greeting" }).click();
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByRole("alert")).toHaveText("Only leads may change the canned replies.");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog.getByText("Leads write the canned replies.")).toBeVisible();
  await expect(dialog.getByText("/hello")).toBeVisible();
  await expect(dialog.getByRole("button", { name: /^Edit|New reply/ })).toHaveCount(0);
});
