import { randomUUID } from "node:crypto";
import { type Browser, expect, type Page } from "@playwright/test";
import { expectAccessible } from "../axe.js";
import { test } from "../test.js";
import {
  bubbles,
  newPlayer,
  openPlayer,
  openStaff,
  SYSTEM,
  search,
  token,
  withoutBroker,
  withoutGateway,
  write,
} from "./system.js";

const note = (desk: Page, text: string) => desk.locator(".ppc-internal", { hasText: text });
const chip = (desk: Page, tag: string) => desk.locator(".ppc-tag", { hasText: tag });
const replies = (desk: Page) => desk.getByRole("listbox", { name: "Canned replies" });

/** Opens a player's conversation at the desk, once the desk lists it. */
async function choose(desk: Page, player: string): Promise<void> {
  await search(desk, player);
  await desk.locator(`[id="ppc-option-${player}"]`).click();
  await expect(desk.getByRole("tab", { name: "Note", exact: true })).toBeVisible();
}

async function addNote(desk: Page, text: string): Promise<void> {
  await desk.getByRole("tab", { name: "Note", exact: true }).click();
  await desk.getByLabel("Your internal note").fill(text);
  await desk.keyboard.press("Enter");
}

/** Everything that the page receives: the bodies of its calls, and the frames of its connections. */
function received(page: Page): string[] {
  const texts: string[] = [];
  page.on("response", (response) => {
    void response.text().then(
      (text) => texts.push(text),
      () => {},
    );
  });
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => texts.push(String(payload))),
  );
  return texts;
}

async function openBoth(browser: Browser, name: string) {
  const [player, ada] = await Promise.all([openPlayer(browser, name), openStaff(browser)]);
  await write(player, "hello");
  await choose(ada, name);
  return { player, ada };
}

test("a note reaches colleagues, and nothing that the player receives has it", async ({
  browser,
}) => {
  const name = newPlayer();
  const { player, ada } = await openBoth(browser, name);
  const grace = await openStaff(browser, "grace");
  await choose(grace, name);
  const texts = received(player);
  await player.reload();
  const planted = `planted-${randomUUID().slice(0, 8)}`;
  await addNote(ada, `careful, ${planted}`);
  await expect(note(grace, planted)).toBeVisible();
  await expect(note(ada, planted)).toHaveAttribute("data-state", "delivered");
  await ada.getByRole("button", { name: "Add a tag" }).click();
  await ada.keyboard.type("bug");
  await ada.keyboard.press("Enter");
  await expect(chip(grace, "bug")).toBeVisible();
  await grace.getByLabel("Priority", { exact: true }).selectOption("Urgent");
  await expect(ada.getByLabel("Priority", { exact: true })).toHaveValue("urgent");
  await expectAccessible(ada);

  await ada.getByRole("tab", { name: "Reply", exact: true }).click();
  await write(ada, "here is your answer");
  await expect(bubbles(player, "here is your answer")).toBeVisible();
  await player.reload();
  await expect(bubbles(player, "here is your answer")).toBeVisible();
  expect(texts.length).toBeGreaterThan(0);
  for (const secret of [planted, "urgent", '"tags"', '"priority"'])
    expect(texts.filter((text) => text.includes(secret) && text.includes(name))).toEqual([]);
  await expect(player.locator("body")).not.toContainText(planted);
});

test("a mentioned colleague is told", async ({ browser }) => {
  const name = newPlayer();
  const { ada } = await openBoth(browser, name);
  const grace = await openStaff(browser, "grace");
  await addNote(ada, "@grace please look");
  await expect(grace.getByRole("log").first()).toContainText("@grace please look");
  await choose(grace, name);
  await expect(note(grace, "please look")).toContainText("mentions you");
});

test("a note that was written without a network or a broker is stored once", async ({
  browser,
}) => {
  const name = newPlayer();
  const { ada } = await openBoth(browser, name);
  const back = await withoutGateway(ada.context());
  await addNote(ada, "written offline");
  await expect(ada.getByText("Not sent yet, trying again")).toBeVisible({ timeout: 30_000 });
  await back();
  await ada.reload();
  await choose(ada, name);
  await expect(note(ada, "written offline")).toHaveAttribute("data-state", "delivered", {
    timeout: 60_000,
  });
  await withoutBroker(async () => {
    await addNote(ada, "written without a broker");
    await expect(ada.getByText("Not sent yet, trying again")).toBeVisible({ timeout: 30_000 });
  });
  await expect(note(ada, "written without a broker")).toHaveAttribute("data-state", "delivered", {
    timeout: 60_000,
  });
  const url = `${SYSTEM.portal}/api/unified-chat/conversations/${name}/notes`;
  const headers = { Authorization: `Bearer ${token("staff", "test", "Test")}` };
  const stored = async () => {
    const page: { notes: { content: string }[] } = await (await fetch(url, { headers })).json();
    return page.notes.map(({ content }) => content);
  };
  await expect.poll(stored).toEqual(["written offline", "written without a broker"]);
  await expect(ada.locator(".ppc-bubble", { hasText: "written" })).toHaveCount(0);
});

test("a lead writes a canned reply, and another desk inserts it within seconds", async ({
  browser,
}) => {
  const name = newPlayer();
  const { player, ada } = await openBoth(browser, name);
  const id = randomUUID();
  const shortcut = `test-${id.slice(0, 8)}`;
  const send = (method: string, more: object, body?: object) =>
    fetch(`${SYSTEM.portal}/api/staff/canned-replies/${id}`, {
      method,
      headers: {
        Authorization: `Bearer ${token("staff", "grace", "Grace", 3_600, more)}`,
        "Content-Type": "application/json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const bodies = { en: "Hi {playerName}, {staffName} here." };
  const reply = { shortcut, title: "A test", bodies };
  expect((await send("PUT", {}, reply)).status).toBe(403);
  expect((await send("PUT", { lead: true }, reply)).status).toBe(202);
  await ada.getByLabel("Your message").click();
  await ada.keyboard.type(`/${shortcut}`);
  await expect(replies(ada)).toContainText("A test", { timeout: 15_000 });
  await ada.keyboard.press("Enter");
  await expect(ada.getByLabel("Your message")).toHaveValue(`Hi Name of ${name}, Ada here.`);
  await ada.keyboard.press("Enter");
  await expect(bubbles(player, `Hi Name of ${name}, Ada here.`)).toBeVisible();
  expect((await send("DELETE", { lead: true })).status).toBe(202);
  await ada.keyboard.type(`/${shortcut}`);
  await expect(replies(ada)).toBeHidden({ timeout: 15_000 });
});
