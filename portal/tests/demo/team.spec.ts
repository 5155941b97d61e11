import { randomUUID } from "node:crypto";
import { expect, type Locator, type Page } from "@playwright/test";
import { expectAccessible } from "../axe.js";
import { test } from "../test.js";
import { callSystem, injectFaults } from "./system.js";

const SORA = "p-9313";
const BO = "bo-1815";
const GRACE = { actorId: "grace", actorName: "Grace Hopper" };

/** A colleague without a page assigns a conversation. */
const assign = (page: Page, playerId: string, assignment: object) =>
  callSystem(page, "assign", { ...assignment, ...GRACE, playerId, changeId: randomUUID() });
const toAda = { action: "assign", assigneeId: "ada", assigneeName: "Ada Lovelace" };

const tab = (desk: Page | Locator, name: string) => desk.getByRole("tab", { name });
const row = (desk: Page | Locator, name: string) => desk.getByRole("option", { name });
const notice = (desk: Page | Locator) => desk.locator(".ppc-notice");
const newsOf = (desk: Page | Locator) => desk.getByRole("list", { name: /^News of/ });
const facts = (desk: Page | Locator) => desk.locator(".ppc-heading .ppc-facts");
const action = (desk: Page | Locator, name: string) =>
  desk.locator(".ppc-conversation > .ppc-header").getByRole("button", { name, exact: true });

async function openDesk(page: Page, more = ""): Promise<void> {
  await page.goto(`/?portal=staff&scene=busy&team${more}`);
  await expect(page.getByText("Live", { exact: true }).first()).toBeVisible();
  await expect(tab(page, "Pile")).toContainText("6");
}

/** Opens the desks of Ada and Grace side by side. */
async function openDesks(page: Page): Promise<{ ada: Locator; grace: Locator }> {
  await page.setViewportSize({ width: 2600, height: 900 });
  await page.goto("/?portal=desks&scene=busy&team");
  const [ada, grace] = [page.locator("[data-desk=ada]"), page.locator("[data-desk=grace]")];
  for (const desk of [ada, grace])
    await expect(desk.getByText("Live", { exact: true }).first()).toBeVisible();
  return { ada, grace };
}

test("of two who take a conversation at once, the slower one is told who has it", async ({
  page,
}) => {
  const { ada, grace } = await openDesks(page);
  for (const desk of [ada, grace]) await row(desk, "Sora Tanaka").click();
  await injectFaults(page, { broadcast: [1_000, 1_000] });
  await action(grace, "Take").click();
  await action(ada, "Take").click();
  await expect(action(ada, "Taking…")).toBeVisible();
  await expect(notice(ada)).toContainText("Grace Hopper was first and has taken");
  await expect(facts(ada)).toContainText("With Grace Hopper");
  await expect(facts(grace)).toContainText("With you");
  await expect(notice(grace)).toContainText("It is yours now, in your tab “Mine”.");
  for (const desk of [ada, grace]) await expect(row(desk, "Sora Tanaka")).toBeHidden();
  await expect(tab(grace, "Mine")).toContainText("2");
  await expect(tab(ada, "Mine")).toContainText("2");
  await notice(ada).getByRole("button", { name: "Take over" }).click();
  await expect(facts(ada)).toContainText("With you");
  await expect(notice(grace)).toContainText("Ada Lovelace has this conversation.");
  await expect(tab(ada, "Mine")).toContainText("3");
  await expect(tab(grace, "Mine")).toContainText("1");
  await expect(ada.getByRole("log").last()).not.toContainText("You were given");
  const taken = "Ada Lovelace took over the conversation with Sora Tanaka.";
  await expect(grace.getByRole("log").last()).toContainText(taken);
  // Grace has the conversation open, and dismisses the news with the focus in the composer.
  const news = newsOf(grace.locator(".ppc-conversation"));
  await expect(news).toContainText(taken);
  await news.getByRole("button", { name: "Dismiss" }).click();
  await expect(news).toBeHidden();
  await expect(grace.getByLabel("Your message")).toBeFocused();
});

test("above an answer it says whose conversation it is, and that this colleague is away", async ({
  page,
}) => {
  await openDesk(page);
  await tab(page, "All").click();
  const toKatherine = { assigneeId: "katherine", assigneeName: "Katherine Johnson" };
  await assign(page, SORA, { action: "assign", ...toKatherine });
  await expect(row(page, "Sora Tanaka")).toContainText("With Katherine Johnson away");
  await row(page, "Sora Tanaka").click();
  await expect(facts(page)).toContainText("With Katherine Johnson away");
  const field = page.getByLabel("Your message");
  await expect(field).toHaveAccessibleDescription(/^Katherine Johnson has this conversation/);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await field.fill("I can help");
  await notice(page).getByRole("button", { name: "Take over" }).click();
  await expect(field).toBeFocused();
  await expect(facts(page)).toContainText("With you");
  await expect(facts(page)).not.toContainText("away");
  await page.keyboard.press("Enter");
  await expect(page.locator(".ppc-bubble", { hasText: "I can help" })).toBeVisible();
});

test("the news of a given conversation says who gave it, also when the inbox was read before the event came", async ({
  page,
}) => {
  await openDesk(page);
  await injectFaults(page, { broadcast: [1_500, 1_500] });
  await assign(page, SORA, toAda);
  await tab(page, "All").click();
  await expect(newsOf(page)).toContainText("Grace Hopper gave you the conversation");
});

test("lines in the thread say who gave, put back and took the conversation, and when", async ({
  page,
}) => {
  await openDesk(page);
  await tab(page, "All").click();
  await assign(page, SORA, toAda);
  await expect(newsOf(page)).toContainText("Grace Hopper gave you the conversation");
  await row(page, "Sora Tanaka").click();
  const lines = page.locator(".ppc-assignment-line");
  const gave = /^Grace Hopper gave the conversation to Ada Lovelace · \d\d:\d\d$/;
  await expect(lines).toHaveText([gave]);
  await action(page, "Put back").click();
  await page.getByRole("dialog").getByRole("button", { name: "payments" }).click();
  const putBack = /^Ada Lovelace put the conversation back into the pile · \d\d:\d\d$/;
  await expect(lines).toHaveText([gave, putBack]);
  // Also while the desk shows another conversation.
  await row(page, "Noor").click();
  await assign(page, SORA, { action: "claim" });
  await expect(row(page, "Sora Tanaka")).toContainText("With Grace Hopper");
  await row(page, "Sora Tanaka").click();
  await expect(lines).toHaveText([gave, putBack, /^Grace Hopper took the conversation · /]);
  await expectAccessible(page);
});

test("a row whose conversation is given while the mouse is pressed on it is opened by the click", async ({
  page,
}) => {
  await openDesk(page);
  await tab(page, "All").click();
  await row(page, "Sora Tanaka").hover();
  await page.mouse.down();
  await assign(page, SORA, toAda);
  await expect(row(page, "Sora Tanaka")).toContainText("With you");
  await expect(newsOf(page)).toHaveCount(0);
  await page.mouse.up();
  await expect(facts(page)).toContainText(SORA);
  await expect(newsOf(page)).toContainText("Grace Hopper gave you the conversation");
});

test("the filter of the user's teams says that it has conversations of no team", async ({
  page,
}) => {
  await openDesk(page);
  const chosen = page.getByLabel("Pile of").locator("option:checked");
  await expect(chosen).toHaveText("My teams and no team");
  await expect(row(page, "Sora Tanaka")).toBeVisible();
});

test("on a phone the availability fits, and the only dot of the header has a text", async ({
  page,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openDesk(page);
  const light = page.locator(".ppc-desk-header .ppc-light");
  await expect(light).toHaveCSS("clip-path", "inset(50%)");
  await expect(light).toHaveAttribute("title", "Connection: Live");
  await page.locator(".ppc-availability").click();
  const dialog = page.getByRole("dialog");
  const isClipped = dialog.evaluate((element) => element.scrollWidth > element.clientWidth);
  expect(await isClipped).toBe(false);
  await expectAccessible(page);
});

test("a conversation is given by the keyboard, and its new owner is told", async ({ page }) => {
  const { ada, grace } = await openDesks(page);
  await tab(ada, "Mine").click();
  await row(ada, "Bo Lindqvist").click();
  await expect(facts(ada)).toContainText("With you");
  await action(ada, "Give to…").press("Enter");
  const dialog = page.getByRole("dialog", { name: "Give this conversation to" });
  const alan = dialog.getByRole("button", { name: /Alan Turing/ });
  await expect(alan).toBeFocused();
  await expect(alan).toContainText("0 of 3 open");
  await expect(dialog.getByRole("button", { name: /Katherine/ })).toContainText("Away");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  await expect(notice(ada)).toContainText("Grace Hopper has this conversation.");
  await expect(row(ada, "Bo Lindqvist")).toBeHidden();
  await expect(grace.getByRole("log").last()).toContainText(
    "Ada Lovelace gave you the conversation with Bo Lindqvist.",
  );
  const news = newsOf(grace);
  await expect(news).toContainText("Ada Lovelace gave you the conversation with Bo Lindqvist.");
  await expect(tab(grace, "Mine")).toHaveAccessibleName(/1 given to you/);
  await tab(grace, "Mine").click();
  await expect(row(grace, "Bo Lindqvist")).toContainText("Given to you");
  await news.getByRole("button", { name: "Open it" }).click();
  await expect(row(grace, "Bo Lindqvist")).not.toContainText("Given to you");
  await expect(tab(grace, "Mine")).not.toHaveAccessibleName(/given/);
});

test("a conversation goes back to the pile of a team", async ({ page }) => {
  await openDesk(page);
  await tab(page, "Mine").click();
  await row(page, "Tomás Rivera").click();
  await action(page, "Put back").click();
  const dialog = page.getByRole("dialog", { name: "Put back into the pile of" });
  await expect(dialog.getByRole("button", { name: "as now" })).toHaveCount(0);
  await dialog.getByRole("button", { name: "appeals" }).click();
  await expect(facts(page)).toContainText("Free to take");
  await expect(facts(page)).toContainText("appeals");
  await expect(facts(page)).not.toContainText("Active");
  await expect(notice(page)).toContainText("It is back in the pile for appeals.");
  await expect(tab(page, "Mine")).toContainText("1");
  // Ada sees the pile of her own teams first.
  await tab(page, "Pile").click();
  await expect(tab(page, "Pile")).toContainText("6");
  await expect(row(page, "Tomás Rivera")).toBeHidden();
  await page.getByLabel("Pile of").selectOption("appeals");
  await expect(row(page, "Tomás Rivera")).toContainText("appeals");
  await expect(tab(page, "Pile")).toContainText("1");
  await expect(page.getByRole("option", { name: /waits/ })).toHaveCount(0);
});

test("who gave or took a conversation is shown until it is opened, and counts in the title", async ({
  page,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openDesk(page);
  const before = await page.title();
  await assign(page, "mika-77", toAda);
  const news = newsOf(page);
  await expect(news).toContainText("Grace Hopper gave you the conversation with Mika");
  await expect.poll(() => page.title()).not.toBe(before);
  await expectAccessible(page);
  await news.getByRole("button", { name: "Open it" }).click();
  await expect(page.getByLabel("Your message")).toBeFocused();
  await expect(facts(page)).toContainText("With you");
  await expect(news).toContainText("Grace Hopper gave you");
  await page.getByRole("button", { name: "Back" }).click();
  await expect(news).toBeHidden();
  await assign(page, "mika-77", { action: "release", team: "appeals" });
  await expect(news).toContainText("Grace Hopper put the conversation with Mika");
  await expect(news).toContainText("back into the pile");
});

test("tabs, counts and the order follow what colleagues do", async ({ page }) => {
  await openDesk(page);
  const names = page.locator(".ppc-item-name");
  await expect(names.first()).toHaveText("James Okafor");
  await expect(row(page, "James Okafor")).toContainText("Urgent");
  await expect(names.last()).toHaveText("Lena Kühn");
  await assign(page, SORA, { action: "claim" });
  await expect(row(page, "Sora Tanaka")).toBeHidden();
  await expect(tab(page, "Pile")).toContainText("5");
  await tab(page, "All").click();
  await expect(row(page, "Sora Tanaka")).toContainText("With Grace Hopper");
  await assign(page, SORA, toAda);
  await expect(tab(page, "Mine")).toHaveAccessibleName(/1 given to you/);
  await assign(page, SORA, { action: "release", team: null });
  await expect(tab(page, "Mine")).not.toHaveAccessibleName(/given/);
  await expect(tab(page, "Pile")).toContainText("6");
  await callSystem(page, "changeStatus", {
    ...{ playerId: SORA, status: "resolved", changeId: randomUUID(), ...GRACE },
  });
  await expect(tab(page, "Pile")).toContainText("5");
  await expect(row(page, "Sora Tanaka")).toBeHidden();
});

test("messages in a colleague's conversation are neither unread nor announced", async ({
  page,
}) => {
  await openDesk(page);
  await page.getByLabel("Pile of").selectOption("All teams");
  const log = page.getByRole("log").last();
  await callSystem(page, "send", { playerId: "mika-77", senderType: "player", content: "hi?" });
  await callSystem(page, "send", { playerId: SORA, senderType: "player", content: "still there?" });
  await callSystem(page, "send", { playerId: "new-1", senderType: "player", content: "my first" });
  await expect(log).toContainText("still there?");
  await expect(log).toContainText("my first");
  await expect(row(page, "new-1")).toBeVisible();
  await expect(log).not.toContainText("hi?");
});

test("a take waits while the database is away, and says so", async ({ page }) => {
  await page.clock.install();
  await openDesk(page);
  await row(page, "Sora Tanaka").click();
  await expect(facts(page)).toContainText("Free to take");
  await injectFaults(page, { persist: [20_000, 20_000] });
  await page.locator(".ppc-list").press("a");
  await expect(action(page, "Taking…")).toBeVisible();
  await expect(notice(page)).toBeEmpty();
  await page.clock.runFor(15_500);
  await expect(notice(page)).toContainText("Accepted. It takes effect as soon as");
  await expect(action(page, "Taking…")).toBeVisible();
  await page.clock.runFor(5_000);
  await expect(facts(page)).toContainText("With you");
  await expect(notice(page)).toContainText("It is yours now");
  await page.clock.runFor(10_500);
  await expect(notice(page)).toBeEmpty();
});

// So slow that other buttons are in the place before the second click; and slower than most systems allow.
for (const delay of [120, 600]) {
  test(`a double-click of ${delay} ms on Take does nothing but take`, async ({ page }) => {
    await openDesk(page);
    await row(page, "Sora Tanaka").click();
    const now = [0, 0];
    await injectFaults(page, { latency: now, persist: now, broadcast: now });
    await action(page, "Take").dblclick({ delay });
    await expect(facts(page)).toContainText("With you");
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect(facts(page)).toContainText("Waits for an answer");
    await expect(notice(page)).toBeEmpty();
  });
}

test("a take after the conversation was resolved has no effect and says why", async ({ page }) => {
  await openDesk(page);
  await row(page, "Sora Tanaka").click();
  await injectFaults(page, { broadcast: [1_500, 1_500], persist: [300, 300] });
  await callSystem(page, "changeStatus", {
    ...{ playerId: SORA, status: "resolved", changeId: randomUUID(), ...GRACE },
  });
  await action(page, "Take").click();
  await expect(notice(page)).toContainText("That had no effect");
  await expect(action(page, "Reopen")).toBeVisible();
});

test("the availability is sent, remembered, and repeated until it is accepted", async ({
  page,
}) => {
  await openDesk(page);
  const sent = () =>
    page.evaluate(() => {
      const { system } = window as never as {
        system: { desk: { availabilities: { status: string; capacity: number | null }[] } };
      };
      return system.desk.availabilities.at(-1);
    });
  await expect.poll(sent).toMatchObject({ status: "online", capacity: null });
  await injectFaults(page, { sendsFail: true });
  await page.getByRole("button", { name: "Your availability: Online" }).click();
  const dialog = page.getByRole("dialog", { name: "Your availability" });
  await dialog.getByLabel("Away").check();
  await expect(dialog).toContainText("Not saved yet");
  const button = page.locator(".ppc-availability");
  await expect(button).toContainText("Saving: Away…");
  await expectAccessible(page);
  await injectFaults(page, { sendsFail: false });
  await expect(dialog).not.toContainText("Not saved yet");
  await expect(button).toContainText("Your availability: Away");
  await dialog.getByLabel("Conversations at once").selectOption("3");
  await expect.poll(sent).toMatchObject({ status: "away", capacity: 3 });
  await page.keyboard.press("Escape");
  await page.goto("/?portal=staff&scene=busy&team&keep");
  await expect(page.getByRole("button", { name: "Your availability: Away" })).toBeVisible();
  await expect.poll(sent).toMatchObject({ status: "away", capacity: 3 });
});

test("handing back puts the conversations in which the player waits into the pile, and says how many", async ({
  page,
}) => {
  await openDesk(page);
  await expect(tab(page, "Mine")).toContainText("2");
  await callSystem(page, "send", { playerId: BO, senderType: "player", content: "hello?" });
  await tab(page, "Mine").click();
  await expect(row(page, "Bo Lindqvist")).toContainText("hello?");
  await page.locator(".ppc-availability").click();
  const dialog = page.getByRole("dialog", { name: "Your availability" });
  await dialog.getByLabel("Hand back").check();
  await expect(dialog).toContainText("conversation goes back into the pile.");
  await expect(dialog.getByLabel("Handed back")).toBeChecked();
  await page.keyboard.press("Escape");
  await expect(page.locator(".ppc-availability")).toContainText("Handed back");
  await expect(row(page, "Bo Lindqvist")).toBeHidden();
  await expect(newsOf(page)).toBeHidden();
  await tab(page, "Pile").click();
  await expect(row(page, "Bo Lindqvist")).toBeVisible();
});

test("an empty pile of the user's teams says how many wait for others, and shows them", async ({
  page,
}) => {
  await openDesk(page);
  await page.getByLabel("Pile of").selectOption("appeals");
  await expect(page.getByText("No one waits here")).toBeVisible();
  await expect(page.getByText("6 players wait for other teams.")).toBeVisible();
  await page.getByRole("button", { name: "Show all teams" }).click();
  await expect(page.getByLabel("Pile of")).toHaveValue("all teams");
  await expect(tab(page, "Pile")).toContainText("6");
  await expect(page.locator(".ppc-list")).toBeFocused();
});

test("the filter of the pile stays as it is when the user's teams change", async ({ page }) => {
  const setTeams = (teams: string[]) =>
    page.evaluate((teams) => {
      const { system } = window as never as {
        system: { desk: { add(id: string, name: string, more: object): void } };
      };
      system.desk.add("ada", "Ada Lovelace", { teams });
    }, teams);
  await openDesk(page);
  await expect(page.getByLabel("Pile of")).toHaveValue("own teams");
  await setTeams([]);
  await page.locator(".ppc-list").press("ArrowDown");
  await action(page, "Give to…").click();
  await page.keyboard.press("Escape");
  await expect(page.getByLabel("Pile of")).toHaveValue("own teams");
});

test("the keys take, give and put back, and the focus stays where the user goes on", async ({
  page,
}) => {
  await openDesk(page);
  const list = page.locator(".ppc-list");
  await page.locator("body").press("j");
  await expect(list).toBeFocused();
  await expect(facts(page)).toContainText("Free to take");
  await page.keyboard.press("t");
  await expect(page.getByLabel("Your message")).toBeFocused();
  await expect(facts(page)).toContainText("With you");
  await page.keyboard.press("Escape");
  await expect(list).toBeFocused();
  await page.keyboard.press("g");
  const dialog = page.getByRole("dialog", { name: "Give this conversation to" });
  await dialog.getByRole("button", { name: /Katherine/ }).click();
  await expect(dialog).toContainText("Katherine Johnson is away");
  await expectAccessible(page);
  await expect(dialog.getByRole("button", { name: "Choose another" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(dialog.getByRole("button", { name: /Alan Turing/ })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(list).toBeFocused();
  await page.keyboard.press("b");
  await page
    .getByRole("dialog", { name: "Put back into the pile of" })
    .getByRole("button", { name: "payments as now" })
    .click();
  await expect(notice(page)).toContainText("It is back in the pile for payments.");
  await expect(list).toBeFocused();
});

test("on a phone the menu gives and puts back, and the tabs fit", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openDesk(page);
  for (const name of ["Mine", "Pile", "All", "Resolved"]) {
    const box = await tab(page, name).boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(390);
  }
  await expectAccessible(page);
  for (const media of [{ colorScheme: "dark" }, { forcedColors: "active" }] as const) {
    await page.emulateMedia(media);
    await expectAccessible(page, ["color-contrast"]);
  }
  await page.emulateMedia({ colorScheme: "dark", forcedColors: "none" });
  await tab(page, "Mine").click();
  await row(page, "Tomás Rivera").click();
  await expect(action(page, "Give to…")).toBeHidden();
  await expect(facts(page).getByText("With you")).toBeInViewport();
  const more = page.getByRole("button", { name: "More" });
  await more.click();
  await page.getByRole("button", { name: "Give to…" }).last().click();
  await expectAccessible(page);
  await page
    .getByRole("dialog")
    .getByRole("button", { name: /Alan Turing/ })
    .click();
  await expect(notice(page)).toContainText("Alan Turing has this conversation.");
  await expectAccessible(page);
});

test("the help lists the keys of a team's desk, and a number opens each tab", async ({ page }) => {
  await openDesk(page);
  await page.locator(".ppc-list").press("?");
  await expect(page.getByRole("dialog")).toContainText("Take the conversation");
  await expect(page.getByRole("dialog")).toContainText("Mine, pile, all, resolved");
  await page.keyboard.press("Escape");
  await page.keyboard.press("1");
  await expect(tab(page, "Mine")).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("4");
  await expect(tab(page, "Resolved")).toHaveAttribute("aria-selected", "true");
});

test("a link opens the tab that lists the conversation", async ({ page }) => {
  await page.goto(`/?portal=staff&scene=busy&team#/c/${BO}`);
  await expect(tab(page, "Mine")).toHaveAttribute("aria-selected", "true");
  await expect(row(page, "Bo Lindqvist")).toHaveAttribute("aria-selected", "true");
});

/** The team of a player's latest session in the page's simulated system. */
const teamOf = (page: Page, playerId: string) =>
  page.evaluate((playerId) => {
    const { system } = window as never as {
      system: { store: { conversation(id: string): { session: { team: string | null } | null } } };
    };
    return system.store.conversation(playerId).session?.team;
  }, playerId);

test("a player chooses what it is about before the first message, or does not", async ({
  page,
}) => {
  await page.goto("/?portal=player&scene=empty&team");
  const topics = page.getByRole("group", { name: "What is it about?" });
  await topics.getByRole("button", { name: "payments" }).click();
  await expect(page.getByLabel("Your message")).toBeFocused();
  await expect(topics.getByRole("button", { name: "payments" })).toHaveAttribute(
    "aria-pressed",
    "true",
  );
  await expectAccessible(page);
  await page.keyboard.type("My payment was taken twice");
  await page.keyboard.press("Enter");
  await expect.poll(() => teamOf(page, BO)).toBe("payments");
  await expect(topics).toBeHidden();
  // Not in the open session, and again after it.
  await assign(page, BO, toAda);
  const helper = page.locator(".ppc-helper");
  await expect(helper).toHaveText("Ada Lovelace is with you");
  // It names the next one after a return to the pile and after a hand-over.
  await assign(page, BO, { action: "release", team: null });
  await expect(helper).toBeEmpty();
  await assign(page, BO, { action: "claim" });
  await expect(helper).toHaveText("Grace Hopper is with you");
  await assign(page, BO, toAda);
  await expect(helper).toHaveText("Ada Lovelace is with you");
  await callSystem(page, "changeStatus", {
    ...{ playerId: BO, status: "resolved", changeId: randomUUID(), ...GRACE },
  });
  await expect(topics).toBeVisible();
  await expect(page.locator(".ppc-helper")).toBeEmpty();
  await topics.getByRole("button", { name: "Something else" }).click();
  await page.keyboard.type("One more thing");
  await page.keyboard.press("Enter");
  await expect.poll(() => teamOf(page, BO)).toBeNull();
});

test("the topic of the player's last session is chosen for the next one, also after a reload", async ({
  page,
}) => {
  await page.goto("/?portal=player&scene=empty&team");
  const topics = page.getByRole("group", { name: "What is it about?" });
  const chosen = topics.locator("[aria-pressed=true]");
  await expect(chosen).toHaveText("Something else");
  await topics.getByRole("button", { name: "appeals" }).click();
  await page.keyboard.type("I was banned");
  await page.keyboard.press("Enter");
  await expect(topics).toBeHidden();
  await callSystem(page, "changeStatus", {
    ...{ playerId: BO, status: "resolved", changeId: randomUUID(), ...GRACE },
  });
  await expect(chosen).toHaveText("appeals");
  await page.goto("/?portal=player&scene=empty&team&keep");
  await expect(chosen).toHaveText("appeals");
  await page.getByLabel("Your message").fill("It is about the ban again");
  await page.keyboard.press("Enter");
  await expect.poll(() => teamOf(page, BO)).toBe("appeals");
});

test("the embedding page names the topics, and offers none that the gateway lacks", async ({
  page,
}) => {
  await page.goto("/?portal=player&scene=empty&team");
  await page.evaluate(() => {
    const { show } = window as never as { show(id: string, name: string, more: object): void };
    const topics = [
      { id: "payments", label: "Something I bought" },
      { id: "unknown", label: "Anything" },
    ];
    show("bo-1815", "Bo Lindqvist", { topics });
  });
  const topics = page.getByRole("group", { name: "What is it about?" });
  await expect(topics.getByRole("button")).toHaveText(["Something I bought", "Something else"]);
});
