import { randomUUID } from "node:crypto";
import { type Browser, expect, type Page } from "@playwright/test";
import { expectAccessible } from "../axe.js";
import { test } from "../test.js";
import { choose, expectLight, newPlayer, openPlayer, SYSTEM, token, write } from "./system.js";

/** A member of the staff that no other test has. */
interface Member {
  readonly id: string;
  readonly name: string;
}

const newMember = (name: string): Member => {
  const id = `${name.toLowerCase()}-${randomUUID().slice(0, 8)}`;
  return { id, name: `${name} ${id.slice(-4)}` };
};

async function openDesk(browser: Browser, { id, name }: Member): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  const bearer = token("staff", id, name, 3_600, { teams: ["payments"] });
  await page.goto(`${SYSTEM.portal}/portal/staff/#token=${bearer}`);
  await expectLight(page, "Live");
  await expect(tab(page, "Pile")).toBeVisible();
  return page;
}

const tab = (desk: Page, name: string) => desk.getByRole("tab", { name });
const row = (desk: Page, player: string) => desk.getByRole("option", { name: `Name of ${player}` });
const facts = (desk: Page) => desk.locator(".ppc-heading .ppc-facts");
const notice = (desk: Page) => desk.locator(".ppc-notice");
const action = (desk: Page, name: string) =>
  desk.locator(".ppc-conversation > .ppc-header").getByRole("button", { name, exact: true });

/** Waits until the gateway lists the member, whose desk has sent its availability. */
async function expectListed({ id, name }: Member): Promise<void> {
  const headers = { Authorization: `Bearer ${token("staff", id, name)}` };
  await expect
    .poll(async () => {
      const answer = await fetch(`${SYSTEM.portal}/api/staff`, { headers });
      const { staff } = (await answer.json()) as { staff: { id: string; status: string }[] };
      return staff.find((member) => member.id === id)?.status;
    })
    .toBe("online");
}

/**
 * Holds back the assignments of `desks`, so that none sees another's, until the returned function is
 * called.
 */
async function holdAssignments(desks: readonly Page[]): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  for (const desk of desks)
    await desk.route("**/assignment", async (route) => {
      await released;
      await route.continue();
    });
  return release;
}

test("two desks that take a conversation at once agree on who has it", async ({ browser }) => {
  const player = newPlayer();
  const members = [newMember("Ada"), newMember("Grace")] as const;
  const desks = await Promise.all(members.map((member) => openDesk(browser, member)));
  const chat = await openPlayer(browser, player);
  await write(chat, "My sword is gone");
  for (const desk of desks) await choose(desk, player);
  const takeBoth = await holdAssignments(desks);
  for (const desk of desks) await action(desk, "Take").click();
  takeBoth();
  await expect(chat.locator(".ppc-helper")).toContainText("is with you");
  const helper = (await chat.locator(".ppc-helper").textContent()) ?? "";
  const winner = members.findIndex(({ name }) => helper.startsWith(name));
  expect(winner).toBeGreaterThanOrEqual(0);
  for (const [index, desk] of desks.entries()) {
    await expect(facts(desk)).toContainText(
      index === winner ? "With you" : `With ${members[winner]?.name}`,
    );
    if (index !== winner)
      await expect(notice(desk)).toContainText(`${members[winner]?.name} was first and has taken`);
  }
});

test("a conversation is given, taken over and put back, and both desks follow", async ({
  browser,
}) => {
  const player = newPlayer();
  const [ada, grace] = [newMember("Ada"), newMember("Grace")];
  const [ofAda, ofGrace] = await Promise.all([openDesk(browser, ada), openDesk(browser, grace)]);
  await Promise.all([expectListed(ada), expectListed(grace)]);
  const chat = await openPlayer(browser, player);
  await write(chat, "My sword is gone");
  await choose(ofAda, player);
  await action(ofAda, "Take").click();
  await expect(facts(ofAda)).toContainText("With you");

  await action(ofAda, "Give to…").click();
  const dialog = ofAda.getByRole("dialog");
  // The list has the members of other tests as well.
  if (await dialog.getByRole("searchbox").isVisible())
    await dialog.getByRole("searchbox").fill(grace.id);
  await dialog.getByRole("button", { name: grace.name }).click();
  await expect(notice(ofAda)).toContainText(`${grace.name} has this conversation.`);
  await expect(tab(ofGrace, "Mine")).toHaveAccessibleName(/1 given to you/);
  const newsOfGrace = ofGrace.getByRole("list", { name: "News of your conversations" });
  await expect(newsOfGrace).toContainText(`${ada.name} gave you the conversation with`);
  const helper = chat.locator(".ppc-helper");
  await expect(helper).toHaveText(`${grace.name} is with you`);
  await tab(ofGrace, "Mine").click();
  await row(ofGrace, player).click();
  await expect(facts(ofGrace)).toContainText("With you");
  await expectAccessible(ofGrace);

  await notice(ofAda).getByRole("button", { name: "Take over" }).click();
  await expect(facts(ofAda)).toContainText("With you");
  await expect(notice(ofGrace)).toContainText(`${ada.name} has this conversation.`);
  await expect(row(ofGrace, player)).toBeHidden();
  await expect(newsOfGrace).toContainText(`${ada.name} took over the conversation with`);
  await expect(helper).toHaveText(`${ada.name} is with you`);

  await action(ofAda, "Put back").click();
  await ofAda.getByRole("dialog").getByRole("button", { name: "payments" }).click();
  await expect(facts(ofAda)).toContainText("Free to take");
  // Unanswered and free: the player waits again.
  await expect(chat.getByText("Waiting for an answer")).toBeVisible();
  await expect(helper).toBeEmpty();
  await action(ofGrace, "Take").click();
  await expect(helper).toHaveText(`${grace.name} is with you`);
});

test("a topic sends the conversation to the pile of its team", async ({ browser }) => {
  const player = newPlayer();
  const desk = await openDesk(browser, newMember("Ada"));
  const chat = await openPlayer(browser, player);
  await chat.getByRole("button", { name: "appeals" }).click();
  await write(chat, "I was banned and did nothing wrong");
  await desk.getByLabel("Pile of").selectOption("appeals");
  await choose(desk, player);
  await expect(row(desk, player)).toContainText("appeals");
  await desk.getByRole("button", { name: "Clear the search" }).click();
  await desk.getByLabel("Pile of").selectOption("payments");
  await expect(row(desk, player)).toHaveCount(0);
});

test("an availability is stored, and the desk remembers it", async ({ browser }) => {
  const member = newMember("Ada");
  const desk = await openDesk(browser, member);
  await expectListed(member);
  await desk.getByRole("button", { name: "Your availability: Online" }).click();
  await desk.getByLabel("Away").check();
  await desk.keyboard.press("Escape");
  const headers = { Authorization: `Bearer ${token("staff", member.id, member.name)}` };
  await expect
    .poll(async () => {
      const answer = await fetch(`${SYSTEM.portal}/api/staff`, { headers });
      const { staff } = (await answer.json()) as { staff: { id: string; status: string }[] };
      return staff.find(({ id }) => id === member.id)?.status;
    })
    .toBe("away");
  await desk.reload();
  await expect(desk.getByRole("button", { name: "Your availability: Away" })).toBeVisible();
});

test("a taken conversation is in the tab Mine until it is resolved", async ({ browser }) => {
  const player = newPlayer();
  const ada = newMember("Ada");
  const desk = await openDesk(browser, ada);
  const chat = await openPlayer(browser, player);
  await write(chat, "hello");
  await choose(desk, player);
  await action(desk, "Take").click();
  await expect(facts(desk)).toContainText("With you");
  await desk.getByRole("button", { name: "Clear the search" }).click();
  await tab(desk, "Mine").click();
  await write(desk, "Hello, how can I help?");
  await expect(desk.locator(".ppc-item-text").first()).toContainText("how can I help?");
  await action(desk, "Resolve").click();
  await expect(tab(desk, "Mine")).toContainText("0");
});
