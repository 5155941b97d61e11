import { expect, type Page } from "@playwright/test";
import { expectAccessible } from "../axe.js";
import { test } from "../test.js";
import { callSystem } from "./system.js";

const answer = (page: Page) => page.getByLabel("Your message");
const chosen = (page: Page) => page.locator('[role="option"][aria-selected="true"]');
const pressKey = (page: Page, key: string, code: string) =>
  page.evaluate(
    ({ key, code }) =>
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key, code, bubbles: true })),
    { key, code },
  );

test.beforeEach(async ({ page }) => {
  await page.goto("/?portal=staff&scene=busy");
  await expect(page.getByText("Yara Haddad")).toBeVisible();
});

test("typing after a click on a conversation writes an answer", async ({ page }) => {
  await page.getByRole("option", { name: "Sora Tanaka" }).click();
  await page.keyboard.type("Hello, let me see", { delay: 20 });
  await expect(answer(page)).toHaveValue("Hello, let me see");
  await expect(page.getByRole("button", { name: "Undo" })).toBeHidden();
});

test("Enter in the search opens the player in the field, the exact id first", async ({ page }) => {
  await callSystem(page, "send", { playerId: "m-599", senderType: "player", content: "hello" });
  await callSystem(page, "send", { playerId: "m-5", senderType: "player", content: "hello" });
  await callSystem(page, "send", { playerId: "am-5", senderType: "player", content: "hello" });
  await expect(page.getByRole("tab", { name: "Pending 9" })).toBeVisible();
  await page.getByLabel("Search by player").focus();
  await page.keyboard.insertText("m-5");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "m-5", exact: true })).toBeVisible();
  await expect(answer(page)).toBeFocused();
});

test("a resolve by key can be undone", async ({ page }) => {
  await page.keyboard.press("j");
  await expect(chosen(page)).toContainText("Yara Haddad");
  await expect(page.getByRole("button", { name: "Resolve" })).toBeEnabled();
  await page.keyboard.press("e");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("button", { name: "Resolve" })).toBeEnabled();
  await page.keyboard.press("e");
  await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  await page.keyboard.press("z");
  await expect(page.getByRole("button", { name: "Undo" })).toBeHidden();
  await expect(page.getByRole("button", { name: "Resolve" })).toBeEnabled();
  await page.keyboard.press("e");
  // Moving on to the next conversation does not undo it.
  await page.keyboard.press("j");
  await expect(page.getByRole("tab", { name: "Pending 5" })).toBeVisible();
});

test("shortcuts ignore typing elsewhere on the page", async ({ page }) => {
  await page.keyboard.press("j");
  for (const kind of ["contenteditable", "textbox", "shadow", "closed"]) {
    const typed = await page.evaluate((kind) => {
      const host = document.createElement("div");
      document.body.append(host);
      let field: HTMLElement = host;
      if (kind === "contenteditable") host.contentEditable = "true";
      else if (kind === "textbox") {
        host.role = "textbox";
        host.tabIndex = 0;
      } else {
        const root = host.attachShadow({ mode: kind === "shadow" ? "open" : "closed" });
        field = document.createElement("input");
        root.append(field);
      }
      field.focus();
      return kind;
    }, kind);
    expect(typed).toBe(kind);
    await page.keyboard.type("next item?");
    await expect(page.getByRole("dialog")).toBeHidden();
    await expect(page.getByRole("button", { name: "Undo" })).toBeHidden();
    await expect(chosen(page)).toContainText("Yara Haddad");
  }
});

test("shortcuts use the key's position on layouts without Latin letters", async ({ page }) => {
  await pressKey(page, "о", "KeyJ");
  await expect(chosen(page)).toContainText("Yara Haddad");
  await pressKey(page, "ο", "KeyJ");
  await expect(chosen(page)).toContainText("Dragon_Slayer");
  await pressKey(page, ".", "Slash");
  await expect(page.getByLabel("Search by player")).toBeFocused();
});

test("a follow-up in an active conversation is counted in the title and on its tab", async ({
  page,
}) => {
  // Mika and Bo have been answered, and have written since.
  await expect(page).toHaveTitle("(8) Support");
  const active = page.getByRole("tab", { name: "Active" });
  await expect(active.getByTitle("2 unread")).toBeVisible();
  await callSystem(page, "send", { playerId: "p-3388", senderType: "player", content: "It asks" });
  await expect(active.getByTitle("3 unread")).toBeVisible();
  await expect(page).toHaveTitle("(9) Support");
});

test("a click on a notification opens its conversation", async ({ page }) => {
  await page.addInitScript(() => {
    const made: object[] = [];
    const Notification = function (this: object, title: string, options: object) {
      Object.assign(this, { title, ...options, close() {} });
      made.push(this);
    };
    Object.assign(Notification, {
      permission: "granted",
      requestPermission: async () => "granted",
    });
    Object.assign(window, { Notification, made });
    document.hasFocus = () => !(window as never as { away?: boolean }).away;
  });
  await page.goto("/?portal=staff&scene=busy");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("switch", { name: "Desktop notifications" }).click();
  await page.keyboard.press("Escape");
  await page.getByText("Noor").click();
  await page.evaluate(() => Object.assign(window, { away: true }));
  await callSystem(page, "send", {
    ...{ playerId: "nils", playerName: "Nils", senderType: "player" },
    content: "hello",
  });
  const last = () =>
    page.evaluate(() => {
      const { made } = window as never as { made: { title: string; renotify: boolean }[] };
      return made.at(-1);
    });
  await expect.poll(async () => (await last())?.title).toBe("Nils");
  expect((await last())?.renotify).toBe(true);
  await page.evaluate(() => {
    const { made } = window as never as { made: { onclick(): void }[] };
    made.at(-1)?.onclick();
  });
  await expect(page.getByRole("heading", { name: "Nils" })).toBeVisible();
});

test("a browser without notifications says so and continues", async ({ page }) => {
  await page.addInitScript(() => {
    class Notification {
      static permission = "granted";
      static requestPermission = async () => "granted";
      constructor() {
        throw new TypeError("Illegal constructor");
      }
    }
    Object.assign(window, { Notification });
  });
  await page.goto("/?portal=staff&scene=busy");
  await page.getByRole("button", { name: "Settings" }).click();
  const notifications = page.getByRole("switch", { name: "Desktop notifications" });
  await notifications.click();
  await expect(page.getByText("cannot show notifications")).toBeVisible();
  await expect(notifications).not.toBeChecked();
});

test("a list that cannot be loaded says so and shows no number", async ({ page }) => {
  await page.goto("/?portal=staff&scene=gap");
  await expect(page.getByText("The conversations cannot be loaded")).toBeVisible();
  await expect(page.getByRole("tab", { name: "Pending" })).toHaveText(/^Pending\s*$/);
  await expect(page.getByText("No player is waiting")).toBeHidden();
});

test("a conversation passed by keyboard stays unread", async ({ page }) => {
  await expect(page).toHaveTitle("(8) Support");
  for (let step = 0; step < 4; step += 1) await page.keyboard.press("j");
  await expect(chosen(page)).toContainText("Lena Kühn");
  await expect(page).toHaveTitle("(7) Support");
});

test("a recent conversation is shown at once", async ({ page }) => {
  const shown = page.locator(".ppc-bubble", { hasText: "My payment was taken twice" });
  await page.getByRole("option", { name: "James Okafor" }).click();
  await expect(shown).toBeVisible();
  await page.getByText("Noor").click();
  await expect(page.locator(".ppc-bubble", { hasText: "hello?" })).toBeVisible();
  await callSystem(page, "hold");
  await callSystem(page, "send", {
    playerId: "p-0071",
    senderType: "player",
    content: "And now again",
  });
  await page.getByRole("option", { name: "James Okafor" }).click();
  await expect(shown).toBeVisible();
  // Messages that arrived meanwhile are shown as well.
  await expect(page.locator(".ppc-bubble", { hasText: "And now again" })).toBeVisible();
  await callSystem(page, "release");
});

test("a reload keeps the tab, the search and the conversation", async ({ page }) => {
  await page.goto("/?portal=staff&scene=busy&keep");
  await page.getByRole("tab", { name: "Active" }).click();
  await page.getByText("Mika").click();
  await expect(page.getByRole("heading", { name: "Mika" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("tab", { name: "Active" })).toHaveAttribute("aria-selected", "true");
  await expect(page.getByRole("heading", { name: "Mika" })).toBeVisible();
  await page.getByLabel("Search by player").fill("tanaka");
  await page.reload();
  await expect(page.getByLabel("Search by player")).toHaveValue("tanaka");
  await expect(page.getByRole("option")).toHaveCount(1);
});

test("a link to a conversation opens its tab", async ({ page }) => {
  await page.goto("about:blank");
  await page.goto("/?portal=staff&scene=busy#/c/mika-77");
  await expect(page.getByRole("heading", { name: "Mika" })).toBeVisible();
  await expect(page.getByRole("tab", { name: "Active" })).toHaveAttribute("aria-selected", "true");
  await expect(chosen(page)).toContainText("Mika");
});

test("the beginning of a listed id is not offered as another player", async ({ page }) => {
  await page.getByLabel("Search by player").fill("p-44");
  await expect(page.getByRole("option")).toHaveCount(1);
  await expect(page.getByRole("button", { name: "Open the conversation of" })).toBeHidden();
});

test("a resolved conversation is not shown as unread", async ({ page }) => {
  await callSystem(page, "changeStatus", {
    playerId: "p-2201",
    status: "resolved",
    changeId: "c1",
  });
  await page.getByRole("tab", { name: "Resolved" }).click();
  await expect(page.getByRole("option", { name: "Noor" })).toBeVisible();
  await expect(page.getByRole("option", { name: "Noor" })).not.toContainText("unread");
});

test("Enter in the search leaves the composer empty", async ({ page }) => {
  await page.getByText("Noor").click();
  await expect(answer(page)).toBeFocused();
  await page.getByLabel("Search by player").fill("p-2201");
  await page.keyboard.press("Enter");
  await expect(answer(page)).toBeFocused();
  await expect(answer(page)).toHaveValue("");
});

test("the focus moves from the search to the list, and back when the search is cleared", async ({
  page,
}) => {
  const field = page.getByLabel("Search by player");
  await field.fill("noor");
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("listbox")).toBeFocused();
  await expect(chosen(page)).toContainText("Noor");
  await page.getByRole("button", { name: "Clear the search" }).click();
  await expect(field).toBeFocused();
  await field.fill("noor");
  await page.keyboard.press("Escape");
  await expect(field).toHaveValue("");
  await expect(page.getByRole("listbox")).toBeFocused();
});

test("a listed player's name is not offered as the id of another player", async ({ page }) => {
  await page.getByLabel("Search by player").fill("noor");
  await expect(page.getByRole("option")).toHaveCount(1);
  await expect(page.getByRole("button", { name: "Open the conversation of" })).toBeHidden();
  for (const [id, isOffered] of [
    ["p-77", true],
    ["..", false],
  ] as const) {
    await page.getByLabel("Search by player").fill(id);
    const offer = page.getByRole("button", { name: `Open the conversation of ${id}` });
    await expect(offer).toBeVisible({ visible: isOffered });
  }
});

test("Undo moves the focus to the list", async ({ page }) => {
  await page.getByText("Noor").click();
  await page.getByRole("button", { name: "Resolve", exact: true }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("listbox")).toBeFocused();
});

test("Back leads from a conversation to the list beside it", async ({ page }) => {
  await page.getByText("Noor").click();
  await page.getByRole("option", { name: "Sora Tanaka" }).click();
  await expect(page.getByRole("heading", { name: "Sora Tanaka" })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { name: "Choose a conversation" })).toBeVisible();
  await page.goForward();
  await expect(page.getByRole("heading", { name: "Sora Tanaka" })).toBeVisible();
});

test("a message after an answer shows how long the player waits, and does not look answered", async ({
  page,
}) => {
  await page.getByRole("tab", { name: "Active" }).click();
  const row = page.getByRole("option", { name: "Tomás Rivera" });
  await row.click();
  await callSystem(page, "send", {
    playerId: "p-3388",
    senderType: "player",
    content: "and my refund?",
  });
  await expect(row).toContainText("and my refund?");
  await expect(row).toContainText("waits 1 min");
  await expect(row.locator(".ppc-item-time")).toHaveAttribute("data-waiting");
  const facts = page.locator(".ppc-facts").first();
  await expect(facts).toContainText("waits 1 min");
  await expect(facts.getByText("Waits for an answer")).toHaveAttribute("data-waiting");
  await expectAccessible(page);
  await answer(page).fill("It is on its way");
  await answer(page).press("Enter");
  await expect(row).not.toContainText("waits");
  await expect(facts).toContainText("Active");
});

test("waiting times use the gateway's clock", async ({ page }) => {
  await page.goto(`/?portal=staff&scene=empty&clockAheadMs=${-20 * 60_000}`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await callSystem(page, "send", { playerId: "p-1", senderType: "player", content: "hello" });
  await expect(page.getByRole("option", { name: "p-1" })).toContainText("waits 1 min");
});

test("the focus is visible in forced colours", async ({ browser }) => {
  const page = await browser.newPage({ forcedColors: "active" });
  await page.goto("/?portal=staff&scene=busy");
  await page.getByText("Noor").click();
  await expect(answer(page)).toBeFocused();
  const outline = (selector: string) =>
    page.locator(selector).evaluate((element) => getComputedStyle(element).outlineStyle);
  expect(await outline(".ppc-field")).toBe("solid");
  await page.getByLabel("Search by player").focus();
  expect(await outline(".ppc-search")).toBe("solid");
  await page.close();
});

test("a screen reader receives unread counts and names once", async ({ page }) => {
  await expect(page.getByRole("tab", { name: "Pending 6, 6 unread", exact: true })).toBeVisible();
  await callSystem(page, "send", {
    playerId: "p-2201",
    senderType: "player",
    content: "still here",
  });
  await expect(page.getByRole("log")).toContainText("New message from Noor: still here");
});
