import { expect, type Locator, type Page } from "@playwright/test";
import { expectAccessible } from "../axe.js";
import { test } from "../test.js";
import { clientEvents, injectFaults } from "./system.js";

const BO = "bo-1815";
const MODIFIER = "ControlOrMeta";

const chat = (page: Page) => page.locator(".page-player");
const field = (desk: Page | Locator) => desk.getByLabel("Your message");
const noteField = (desk: Page | Locator) => desk.getByLabel("Your internal note");
const note = (desk: Page | Locator, text: string) =>
  desk.locator(".ppc-internal", { hasText: text });
const tab = (desk: Page | Locator, name: "Reply" | "Note") =>
  desk.getByRole("tab", { name, exact: true });
const chip = (desk: Page | Locator, tag: string) => desk.locator(".ppc-tag", { hasText: tag });
const problem = (desk: Page | Locator) => desk.locator(".ppc-tagging-problem");

/** Opens the desk with Bo's conversation. */
async function openDesk(page: Page, more = ""): Promise<void> {
  await page.goto(`/?portal=staff&scene=busy&team${more}#/c/${BO}`);
  await expect(note(page, "Told the player")).toBeVisible();
}

/** Opens the desks of Ada and Grace side by side, each with Bo's conversation. */
async function openDesks(page: Page): Promise<{ ada: Locator; grace: Locator }> {
  await page.setViewportSize({ width: 2600, height: 900 });
  await page.goto("/?portal=desks&scene=busy&team");
  const [ada, grace] = [page.locator("[data-desk=ada]"), page.locator("[data-desk=grace]")];
  await ada.getByRole("tab", { name: "Mine" }).click();
  await ada.getByRole("option", { name: "Bo Lindqvist" }).click();
  await grace.getByRole("tab", { name: "All" }).click();
  await grace.getByRole("option", { name: "Bo Lindqvist" }).click();
  for (const desk of [ada, grace]) await expect(note(desk, "Told the player")).toBeVisible();
  return { ada, grace };
}

test("a note shows among the messages of the desk, and nowhere on the player's page", async ({
  page,
}) => {
  await page.goto(`/?portal=both&scene=busy&team#/c/${BO}`);
  const desk = page.locator(".page-staff");
  await expect(note(desk, "Told the player")).toBeVisible();
  await expect(desk.locator(".ppc-online").first()).toBeVisible();
  await desk.getByRole("region", { name: "Messages" }).focus();
  await page.keyboard.press("n");
  await expect(noteField(desk)).toBeFocused();
  await expect(desk.getByText("a player can ask for a copy", { exact: false })).toBeVisible();
  await page.keyboard.type("planted-word, look out");
  await page.keyboard.press("Enter");
  const added = note(desk, "planted-word");
  await expect(added).toHaveAttribute("data-state", "delivered");
  await expect(added.locator(".ppc-delivery")).toHaveCount(0);
  await expect(added).toContainText("Internal note · only staff sees it");
  await tab(desk, "Reply").click();
  await field(desk).fill("an answer");
  await field(desk).press("Enter");
  await expect(chat(page).getByText("an answer", { exact: true })).toBeVisible();
  await expect(chat(page)).not.toContainText("planted-word");
  await expect(desk.locator(".ppc-inbox")).not.toContainText("planted-word");
});

test("typing on after a note writes the next note, and does nothing else", async ({ page }) => {
  await openDesk(page);
  await tab(page, "Note").click();
  await page.keyboard.type("first note");
  await page.keyboard.press("Enter");
  await page.keyboard.type("everyone read this, to act on");
  await expect(note(page, "first note")).toHaveAttribute("data-state", "delivered");
  await expect(noteField(page)).toBeFocused();
  await expect(noteField(page)).toHaveValue("everyone read this, to act on");

  // Keys that miss the field, because it has lost the focus or is gone, are no shortcuts.
  await noteField(page).evaluate((element: HTMLElement) => element.blur());
  await page.keyboard.type("e");
  await noteField(page).focus();
  await noteField(page).evaluate((element: HTMLElement) => element.remove());
  await page.keyboard.type("e");
  await expect(page.getByText("Resolving", { exact: false })).toHaveCount(0);
  await expect(page.locator(".ppc-header .ppc-badge").first()).not.toHaveText("Resolved");
  await openDesk(page, "&keep");
  await expect(field(page)).toHaveValue("");
  await tab(page, "Note").click();
  await expect(noteField(page)).toHaveValue("everyone read this, to act on");
  // After the user has left the field, they are.
  await page.keyboard.press("Escape");
  await page.keyboard.press("r");
  await expect(field(page)).toBeFocused();
});

test("the player does not see that a note is being written", async ({ page }) => {
  await page.goto(`/?portal=both&scene=busy&team#/c/${BO}`);
  const desk = page.locator(".page-staff");
  await expect(desk.locator(".ppc-online").first()).toBeVisible();
  await tab(desk, "Note").click();
  await noteField(desk).pressSequentially("a long text for colleagues");
  await tab(desk, "Reply").click();
  expect(await clientEvents(page)).toEqual([]);
  await field(desk).pressSequentially("Hi");
  await expect(chat(page).locator(".ppc-typing")).toContainText("Ada Lovelace is typing");
});

test("each conversation opens with the reply, and each field keeps its own text", async ({
  page,
}) => {
  await openDesk(page);
  await field(page).fill("for Bo");
  await tab(page, "Note").click();
  await expect(noteField(page)).toHaveValue("");
  await noteField(page).fill("about Bo");
  await page.getByRole("option", { name: "Tomás Rivera" }).click();
  await expect(field(page)).toHaveValue("");
  await page.getByRole("option", { name: "Bo Lindqvist" }).click();
  await expect(tab(page, "Reply")).toHaveAttribute("aria-selected", "true");
  await expect(field(page)).toHaveValue("for Bo");
  await tab(page, "Reply").focus();
  await page.keyboard.press("ArrowRight");
  await expect(tab(page, "Note")).toBeFocused();
  await expect(noteField(page)).toHaveValue("about Bo");
});

test("the text of a note is not sent to the player without a question", async ({ page }) => {
  await openDesk(page);
  const dialog = page.getByRole("dialog");
  // A cut text, as a part of the reply.
  await tab(page, "Note").click();
  await page.keyboard.type("banned");
  await page.keyboard.press(`${MODIFIER}+a`);
  await page.keyboard.press(`${MODIFIER}+x`);
  await tab(page, "Reply").click();
  await page.keyboard.type("You are ");
  await page.keyboard.press(`${MODIFIER}+v`);
  await page.keyboard.press("Enter");
  await expect(dialog).toContainText("This text was a note. Send it to the player?");
  await expectAccessible(page);
  // The harmless answer has the focus.
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  await expect(field(page)).toBeFocused();
  await expect(field(page)).toHaveValue("You are banned");
  await expect(page.locator(".ppc-bubble", { hasText: "You are banned" })).toHaveCount(0);

  // A text of a stored note, however it got here.
  await field(page).fill("told the PLAYER. A fix is planned for tonight.");
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Send it to the player" }).click();
  const sent = page.locator(".ppc-bubble", { hasText: "told the PLAYER" });
  await expect(sent).toHaveAttribute("data-state", "delivered");
  await expect(field(page)).toHaveValue("");
  // Any other text is sent at once.
  await field(page).fill("Have fun!");
  await page.keyboard.press("Enter");
  await expect(page.locator(".ppc-bubble", { hasText: "Have fun!" })).toBeVisible();
});

test("a reply asks once before it goes out after a colleague has taken the conversation over", async ({
  page,
}) => {
  const { ada, grace } = await openDesks(page);
  await field(ada).fill("half of the answer");
  await grace.getByRole("button", { name: "Take over" }).click();
  await expect(ada.getByText("Grace Hopper has this conversation.")).toBeVisible();
  await field(ada).press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("Grace Hopper has this conversation now. Send anyway?");
  await expectAccessible(page);
  if (process.env.SCREENSHOTS) await page.screenshot({ path: "screenshots/taken-over.png" });
  // The harmless answer has the focus.
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  await expect(field(ada)).toBeFocused();
  await expect(field(ada)).toHaveValue("half of the answer");
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Send anyway" }).click();
  await expect(ada.locator(".ppc-bubble", { hasText: "half of the answer" })).toBeVisible();
  await expect(field(ada)).toHaveValue("");
  await field(ada).fill("and the rest");
  await field(ada).press("Enter");
  await expect(ada.locator(".ppc-bubble", { hasText: "and the rest" })).toBeVisible();
});

test("a note waits for the gateway, survives a reload, and is no message", async ({ page }) => {
  await openDesk(page);
  await injectFaults(page, { sendsFail: true });
  await tab(page, "Note").click();
  await page.keyboard.type("write me down");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Not sent yet, trying again")).toBeVisible();
  await openDesk(page, "&keep");
  await expect(note(page, "write me down")).toHaveAttribute("data-state", "delivered");
  await expect(page.locator(".ppc-bubble", { hasText: "write me down" })).toHaveCount(0);
});

test("a colleague who is mentioned is told, and the row has a badge until it is opened", async ({
  page,
}) => {
  const { ada, grace } = await openDesks(page);
  await ada.getByRole("option", { name: "Tomás Rivera" }).click();
  await tab(grace, "Note").click();
  await page.keyboard.type("please ask @lov");
  const option = grace.getByRole("option", { name: "Ada Lovelace @ada" });
  await expect(option).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("Enter");
  await expect(noteField(grace)).toHaveValue("please ask @ada ");
  await page.keyboard.type("about the sword");
  await page.keyboard.press("Enter");
  await expect(ada.getByRole("log").first()).toContainText(
    "Grace Hopper mentions you in a note about Bo Lindqvist: please ask @ada about the sword",
  );
  const row = ada.getByRole("option", { name: "Bo Lindqvist" });
  await expect(row).toContainText("a note mentions you");
  await row.click();
  await expect(note(ada, "please ask @Ada Lovelace about the sword")).toContainText("mentions you");
  await expect(row).not.toContainText("a note mentions you");
  await expect(grace.getByRole("log").first()).toBeEmpty();
});

test("a mention shows above the desk and in the title, also of a conversation in no list", async ({
  page,
}) => {
  await page.goto("/?portal=staff&scene=busy&team");
  await expect(page).toHaveTitle("(7) Support");
  const mention = (playerId: string) =>
    page.evaluate((playerId) => {
      type Parts = { notesAndReplies: { addNote(note: object): void } };
      const { system } = window as never as { system: Parts };
      const authorName = "Grace Hopper";
      const content = "@ada can you help?";
      system.notesAndReplies.addNote({ playerId, authorId: "grace", authorName, content });
    }, playerId);
  await mention("p-9001");
  await mention("p-3388");
  const notices = page.getByRole("list", { name: "Notes that mention you" });
  const notice = (name: string) =>
    notices.getByRole("button", {
      name: `Grace Hopper mentioned you in the conversation with ${name}`,
      exact: true,
    });
  await expect(notice("p-9001")).toBeVisible();
  await expect(notices.getByRole("listitem")).toHaveCount(2);
  await expect(page).toHaveTitle("(9) Support");
  await expectAccessible(page);
  if (process.env.SCREENSHOTS) await page.screenshot({ path: "screenshots/mention-desktop.png" });
  await page.setViewportSize({ width: 390, height: 844 });
  if (process.env.SCREENSHOTS) await page.screenshot({ path: "screenshots/mention-phone.png" });
  await page.setViewportSize({ width: 1280, height: 800 });
  await notice("p-9001").click();
  await expect(note(page, "can you help?")).toContainText("mentions you");
  await expect(field(page)).toBeFocused();
  await expect(notices.getByRole("listitem")).toHaveCount(1);
  await notices.getByRole("button", { name: "Dismiss", exact: false }).click();
  await expect(notices).toHaveCount(0);
  await expect(field(page)).toBeFocused();
  await expect(page).toHaveTitle("(7) Support");
});

test("an erased note says so", async ({ page }) => {
  await openDesk(page);
  await page.evaluate((player) => {
    type Notes = { erase(player: string): void };
    const { system } = window as never as { system: { notesAndReplies: { notes: Notes } } };
    system.notesAndReplies.notes.erase(player);
  }, BO);
  await page.getByRole("option", { name: "Tomás Rivera" }).click();
  await page.getByRole("option", { name: "Bo Lindqvist" }).click();
  await expect(note(page, "This note was erased").first()).toBeVisible();
  await expect(page.getByText("Told the player")).toBeHidden();
});

test("tags and the priority follow the changes of two desks", async ({ page }) => {
  const { ada, grace } = await openDesks(page);
  await ada.getByRole("button", { name: "Add a tag" }).click();
  await expect(ada.getByText("Small letters, digits and hyphens")).toBeVisible();
  await page.keyboard.type("vi");
  await expect(ada.getByRole("listbox", { name: "Known tags" })).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(chip(ada, "vip")).toBeVisible();
  await expect(chip(grace, "vip")).toBeVisible();
  await expect(ada.getByRole("button", { name: "Add a tag" })).toBeFocused();
  await grace.getByRole("button", { name: "Remove the tag bug" }).click();
  await grace.getByLabel("Priority", { exact: true }).selectOption("Urgent");
  for (const desk of [ada, grace]) {
    await expect(chip(desk, "bug")).toBeHidden();
    await expect(desk.getByLabel("Priority", { exact: true })).toHaveValue("urgent");
    await expect(desk.getByRole("option", { name: "Bo Lindqvist" })).toContainText("Urgent");
  }

  // A change that the gateway refuses is taken back.
  await ada.getByRole("button", { name: "Add a tag" }).click();
  await page.keyboard.type("No Such Tag");
  await page.keyboard.press("Enter");
  await expect(problem(ada)).toHaveText("Tags: `tags` is invalid");
  await expect(chip(ada, "no-such-tag")).toBeHidden();
  await expect(chip(grace, "no-such-tag")).toBeHidden();
});

test("without a team desk there are neither notes nor tags", async ({ page }) => {
  await page.goto(`/?portal=staff&scene=busy#/c/${BO}`);
  await expect(page.locator(".ppc-bubble", { hasText: "Found it 😄" })).toBeVisible();
  await expect(tab(page, "Note")).toHaveCount(0);
  await page.getByRole("region", { name: "Messages" }).focus();
  await page.keyboard.press("n");
  await expect(page.locator(".ppc-tagging, .ppc-internal")).toHaveCount(0);
});

const COLOURS = {
  light: { colorScheme: "light", forcedColors: "none" },
  dark: { colorScheme: "dark", forcedColors: "none" },
  forced: { colorScheme: "dark", forcedColors: "active" },
} as const;
const STATES: Record<string, (page: Page) => Promise<void>> = {
  note: async (page) => {
    await tab(page, "Note").click();
    await page.keyboard.type("@");
    await expect(page.getByRole("option", { name: "Grace Hopper" })).toBeVisible();
  },
  replies: async (page) => {
    await field(page).click();
    await page.keyboard.type("/");
    await expect(page.getByRole("option", { name: "/refund" })).toBeVisible();
  },
  unknown: async (page) => {
    await field(page).fill("{orderNumber}");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("alert").filter({ hasText: "{orderNumber}" })).toBeVisible();
  },
  tags: async (page) => {
    await page.getByRole("button", { name: "Add a tag" }).click();
    await page.keyboard.press("ArrowDown");
    await expect(page.getByRole("option", { name: "refund" })).toBeVisible();
  },
  list: async (page) => {
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("button", { name: "Canned replies" }).click();
    await expect(page.getByRole("button", { name: "Edit Greeting" })).toBeVisible();
  },
  form: async (page) => {
    await STATES.list?.(page);
    await page.getByRole("button", { name: "Edit Greeting" }).click();
    await expect(page.getByLabel("Shortcut")).toBeFocused();
  },
};

for (const [size, viewport] of Object.entries({
  desktop: { width: 1280, height: 800 },
  phone: { width: 320, height: 640 },
}))
  test(`each state of a ${size} is accessible in all colours, and nothing sticks out`, async ({
    page,
  }) => {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ reducedMotion: "reduce" });
    for (const [state, enter] of Object.entries(STATES)) {
      await page.goto("about:blank");
      await openDesk(page);
      await enter(page);
      for (const [colours, media] of Object.entries(COLOURS)) {
        await page.emulateMedia(media);
        await expectAccessible(page, colours === "light" ? undefined : ["color-contrast"]);
        const overflow = await page.evaluate(() =>
          Math.max(
            ...[document.documentElement, ...document.querySelectorAll("dialog")].map(
              ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth,
            ),
          ),
        );
        expect(overflow).toBe(0);
        const path = `screenshots/notes-${state}-${colours}-${size}.png`;
        if (process.env.SCREENSHOTS) await page.screenshot({ path });
      }
    }
  });
