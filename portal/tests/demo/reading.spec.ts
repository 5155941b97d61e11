import { expect, type Page } from "@playwright/test";
import { expectAccessible } from "../axe.js";
import { test } from "../test.js";
import { callSystem, mark, marks, refocus, stored } from "./system.js";

const BO = "bo-1815";
const bubble = (page: Page, text: string) => page.locator(".ppc-bubble", { hasText: text });
const row = (page: Page, name: string) => page.getByRole("option", { name });
const count = (page: Page, name: string) => row(page, name).locator(".ppc-item-count");

const right = ({ x, width }: { x: number; width: number }) => x + width;

async function openPlayer(page: Page, query = ""): Promise<void> {
  await page.goto(`/?portal=player&scene=busy${query}`);
  await expect(bubble(page, "Found it 😄")).toBeVisible();
  await expect(page.getByText("Live", { exact: true })).toBeAttached();
}

async function openDesk(page: Page, query = ""): Promise<void> {
  await page.goto(`/?portal=staff&scene=busy${query}`);
  await expect(page.getByText("Yara Haddad")).toBeVisible();
}

async function write(page: Page, content: string): Promise<void> {
  await page.getByLabel("Your message").fill(content);
  await page.keyboard.press("Enter");
  await expect(bubble(page, content)).toHaveAttribute("data-state", "delivered");
}

test("the player sees when staff have read the last message that staff have read", async ({
  page,
}) => {
  await openPlayer(page);
  await write(page, "Is it fixed now?");
  const read = page.getByText(/^Read \d\d:\d\d$/);
  await expect(read).toBeHidden();
  await mark(page, BO, "staff:ada", "Is it fixed");
  await expect(read).toBeVisible();
  await write(page, "It is");
  await expect(read).toHaveCount(1);
  const below = await read.boundingBox();
  expect(below?.y).toBeGreaterThan((await bubble(page, "Is it fixed").boundingBox())?.y ?? 0);
  expect(below?.y).toBeLessThan((await bubble(page, "It is").boundingBox())?.y ?? 0);
  await expectAccessible(page);
  // A mark of a colleague who has read less changes nothing.
  await mark(page, BO, "staff:ada", "It is");
  await mark(page, BO, "staff:grace", "Found it 😄");
  await expect
    .poll(async () => (await read.boundingBox())?.y ?? 0)
    .toBeGreaterThan((await bubble(page, "It is").boundingBox())?.y ?? 0);
});

test("a mark of an earlier day has its day", async ({ page }) => {
  await openPlayer(page);
  const last = (await stored(page, BO)).at(-1);
  await page.evaluate(
    ({ playerId, messageId }) => {
      const { system } = window as never as { system: { store: { mark(mark: object): void } } };
      const at = (Date.now() - 24 * 3_600_000) * 1000;
      system.store.mark({ playerId, reader: "staff:ada", messageId, at });
    },
    { playerId: BO, messageId: last?.messageId },
  );
  await refocus(page);
  await expect(page.locator(".ppc-read")).toHaveText(/^Read yesterday at \d\d:\d\d$/);
});

for (const [language, text] of [
  ["de", /^Gelesen \d\d:\d\d$/],
  ["fr", /^Lu \d\d:\d\d$/],
  ["ar", /^قُرئت /],
] as const) {
  test(`the player sees in the language ${language} that staff have read`, async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`/?portal=player&scene=busy&language=${language}`);
    await expect(bubble(page, "Found it 😄")).toBeVisible();
    await mark(page, BO, "staff:ada", "Found it 😄");
    await refocus(page);
    const read = page.locator(".ppc-read");
    await expect(read).toHaveText(text);
    // Below the bubble, on its side.
    const [below, above] = await Promise.all(
      [read, bubble(page, "Found it 😄")].map((each) => each.boundingBox()),
    );
    if (below == null || above == null) throw new Error("they are visible");
    expect(below.y).toBeGreaterThanOrEqual(above.y + above.height);
    const side = language === "ar" ? above.x - below.x : right(above) - right(below);
    expect(Math.abs(side)).toBeLessThan(10);
    await expectAccessible(page);
  });
}

test("the player does not learn that staff have read when only staff see marks", async ({
  page,
}) => {
  await openPlayer(page, "&readMarks=staff");
  await write(page, "Is it fixed now?");
  await mark(page, BO, "staff:ada", "Is it fixed");
  await refocus(page);
  await write(page, "It is");
  await expect(page.locator(".ppc-read")).toHaveCount(0);
});

test("a page in the background never marks, and marks once it has the focus", async ({ page }) => {
  await page.clock.install();
  await page.addInitScript(() => {
    document.hasFocus = () => !(window as never as { away?: boolean }).away;
    Object.assign(window, { away: true });
  });
  await page.goto("/?portal=player&scene=busy");
  await page.clock.runFor(5_000);
  await callSystem(page, "send", { playerId: BO, senderType: "staff", content: "There?" });
  await page.clock.runFor(120_000);
  await expect(bubble(page, "There?")).toBeVisible();
  expect(await marks(page)).toEqual([]);
  await page.evaluate(() => Object.assign(window, { away: false }));
  await refocus(page);
  const last = (await stored(page, BO)).at(-1);
  // The page notices what is in view with a frame, which no clock makes.
  const marked = async () => {
    await page.clock.runFor(1_000);
    return marks(page);
  };
  await expect.poll(marked).toMatchObject([{ reader: "player", messageId: last?.messageId }]);
});

test("what another desk of the user reads is read here after the next page", async ({ page }) => {
  await openDesk(page);
  await expect(count(page, "James Okafor")).toHaveText(/^2/);
  await expect(row(page, "James Okafor")).toContainText("2 unread messages");
  await mark(page, "p-0071", "staff:ada", "It says");
  await refocus(page);
  await expect(row(page, "James Okafor")).not.toContainText("unread");
  await expect(row(page, "James Okafor")).toContainText("2 unanswered messages");
  await expect(page).toHaveTitle("(7) Support");
  // A colleague's mark is the colleague's.
  await mark(page, "p-9313", "staff:grace", "Is the tournament");
  await refocus(page);
  await expect(row(page, "Sora Tanaka")).toContainText("1 unread message");
});

test("a mark as unread at another desk of the user shows here", async ({ page }) => {
  await openDesk(page);
  await mark(page, "p-0071", "staff:ada", "It says");
  await refocus(page);
  await expect(row(page, "James Okafor")).not.toContainText("unread");
  await mark(page, "p-0071", "staff:ada", "It says", "unreadFrom");
  await refocus(page);
  await expect(row(page, "James Okafor")).toContainText("1 unread message");
});

test("a conversation that the desk reads is marked, and marked as unread by a key", async ({
  page,
}) => {
  await openDesk(page);
  await row(page, "James Okafor").click();
  await expect(row(page, "James Okafor")).not.toContainText("unread");
  const [first, last] = await stored(page, "p-0071");
  await expect
    .poll(() => marks(page))
    .toMatchObject([{ reader: "staff:ada", messageId: last?.messageId }]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("u");
  await expect(row(page, "James Okafor")).toContainText("unread");
  await expect
    .poll(async () => (await marks(page)).at(-1))
    .toMatchObject({ reader: "staff:ada", unreadFrom: first?.messageId });
  await refocus(page);
  await expect(row(page, "James Okafor")).toContainText("unread");
});

test("a divider is above the first message that the user has not read anywhere", async ({
  page,
}) => {
  await openDesk(page);
  await mark(page, "p-0071", "staff:ada", "My payment");
  await row(page, "James Okafor").click();
  const divider = page.getByText("Unread messages", { exact: true });
  await expect(divider).toBeVisible();
  const at = (await divider.boundingBox())?.y ?? 0;
  expect((await bubble(page, "My payment").boundingBox())?.y).toBeLessThan(at);
  expect((await bubble(page, "It says").boundingBox())?.y).toBeGreaterThan(at);
});

test("staff see one tick when a message is stored, and two when the player has read it", async ({
  page,
}) => {
  await openDesk(page, "#/c/p-9313");
  await write(page, "It is, at 8");
  const tick = bubble(page, "It is, at 8").locator(".ppc-delivery");
  await expect(tick).toHaveText("Delivered");
  await mark(page, "p-9313", "player", "It is, at 8");
  await refocus(page);
  await expect(tick).toHaveText("Read by the player");
  await page.getByRole("tab", { name: "Active" }).click();
  await expect(row(page, "Sora Tanaka")).toContainText("Read by the player");
  await expectAccessible(page);
});

test("side by side, the player and the desk see at once that the other has read", async ({
  page,
}) => {
  await page.goto(`/?portal=both&scene=busy#/c/${BO}`);
  const [chat, desk] = [page.locator(".page-player"), page.locator(".page-staff")];
  await expect(desk.locator(".ppc-online").first()).toBeVisible();
  await chat.getByLabel("Your message").fill("Are you there?");
  await page.keyboard.press("Enter");
  const sent = chat.locator(".ppc-row", { hasText: "Are you there?" });
  await expect(sent.getByText(/^Read \d\d:\d\d$/)).toBeVisible();
  await desk.getByLabel("Your message").fill("I am");
  await page.keyboard.press("Enter");
  const answer = desk.locator(".ppc-bubble", { hasText: "I am" }).last();
  await expect(answer.getByTitle("Read by the player")).toBeVisible();
  // The desk counts nothing as unread that it shows.
  await expect(desk.locator('[role="option"][aria-selected="true"]')).not.toContainText("unread");
});

test("more than 99 unread messages are counted as 99+", async ({ page }) => {
  await openDesk(page);
  for (let number = 0; number < 120; number += 1)
    await callSystem(page, "persist", { playerId: "p-1", senderType: "player", content: "hello" });
  await refocus(page);
  await expect(count(page, "p-1")).toContainText("99+");
  await expect(row(page, "p-1")).toContainText("99+ unread messages");
});

test("a gateway without read marks leaves the marks of this browser", async ({ page }) => {
  await openDesk(page, "&readMarks=off");
  await row(page, "James Okafor").click();
  await expect(page).toHaveTitle("(7) Support");
  await refocus(page);
  await expect(row(page, "James Okafor")).not.toContainText("unread");
  await row(page, "Noor").click();
  await expect(page).toHaveTitle("(6) Support");
  expect(await marks(page)).toEqual([]);
});
