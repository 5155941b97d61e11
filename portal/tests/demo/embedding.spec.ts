import { expect, type Page } from "@playwright/test";
import { test } from "../test.js";
import { callSystem, injectFaults } from "./system.js";

const chat = (page: Page) => page.locator(".ppc");
const field = (page: Page) => page.getByRole("textbox");

/** Shows the portal with other properties; its callbacks append to `window.told`. */
async function give(page: Page, role: "player" | "staff", props: object, told: string[] = []) {
  await page.evaluate(
    ({ role, props, told }) => {
      const { show } = window as never as { show: (...user: unknown[]) => void };
      const calls: [string, unknown][] = [];
      const listeners = told.map((name) => [name, (what: unknown) => calls.push([name, what])]);
      Object.assign(window, { told: calls });
      const [subject, name] = role === "staff" ? ["ada", "Ada"] : ["bo-1815", "Bo Lindqvist"];
      show(subject, name, { ...props, ...Object.fromEntries(listeners) });
    },
    { role, props, told },
  );
}

const told = (page: Page) =>
  page.evaluate(() => (window as never as { told: [string, unknown][] }).told);

/** Adds a CSS rule before or after all others. */
const style = (page: Page, css: string, where: "prepend" | "append") =>
  page.evaluate(
    ({ css, where }) => {
      const element = document.createElement("style");
      element.textContent = css;
      document.head[where](element);
    },
    { css, where },
  );

test.use({ bypassCSP: true });

test("server-rendered HTML switches to the user's language without an error", async ({
  browser,
}) => {
  const page = await (await browser.newContext({ locale: "de-CH" })).newPage();
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  await page.goto("/?portal=player&scene=busy&hydrate");
  await expect(page.getByRole("heading", { name: "Support" })).toBeVisible();
  await expect(chat(page)).toHaveAttribute("lang", "de");
  expect(await page.evaluate(() => (window as never as { rendered: string }).rendered)).toContain(
    'lang="en"',
  );
  expect(errors).toEqual([]);
});

test("a regional tag has its language's strings, and an unknown language English ones", async ({
  page,
}) => {
  await page.goto("/?portal=player&scene=busy&language=de-CH");
  await expect(page.getByLabel("Deine Nachricht")).toBeVisible();
  await give(page, "player", { language: "fr" });
  await expect(page.getByLabel("Your message")).toBeVisible();
  await expect(chat(page)).toHaveAttribute("lang", "en");
});

test("custom strings replace the package's, and their language can be chosen", async ({ page }) => {
  await page.goto("/?portal=player&scene=busy");
  const strings = { language: "Português", player: { title: "Ajuda" } };
  await give(page, "player", { language: "pt-BR", strings });
  await expect(page.getByRole("heading", { name: "Ajuda" })).toBeVisible();
  await expect(chat(page)).toHaveAttribute("lang", "pt-BR");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByLabel("Language").selectOption("Deutsch");
  await expect(page.getByRole("heading", { name: "Einstellungen" })).toBeVisible();
  await page.getByLabel("Sprache").selectOption("Português");
  await page.getByRole("button", { name: "Close" }).click();
  await expect(page.getByRole("heading", { name: "Ajuda" })).toBeVisible();
});

test("the desk is French with the package's file", async ({ page }) => {
  await page.goto("/?portal=staff&scene=busy&language=fr-CA");
  await expect(page.getByRole("heading", { name: "Bureau d’assistance" })).toBeAttached();
  await expect(page.getByRole("tab", { name: "En attente 6" })).toBeVisible();
  await expect(chat(page)).toHaveAttribute("lang", "fr-CA");
});

test("Arabic is written from right to left", async ({ page }) => {
  await page.goto("/?portal=player&scene=busy&language=ar");
  await expect(page.getByRole("heading", { name: "الدعم" })).toBeVisible();
  await expect(chat(page)).toHaveCSS("direction", "rtl");
  const own = page.locator(".ppc-bubble", { hasText: "thank you!" });
  await expect(own).toBeVisible();
  const [bubble, list] = await Promise.all([
    own.boundingBox(),
    page.locator(".ppc-scroller").boundingBox(),
  ]);
  expect(bubble?.x).toBeLessThan((list?.x ?? 0) + (list?.width ?? 0) / 2);
});

test("a setting that is not offered has the portal's value", async ({ page }) => {
  await page.goto("/?portal=player&scene=busy");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByLabel("Language").selectOption("Deutsch");
  await give(page, "player", { language: "en", settings: ["sound"] });
  await expect(page.getByLabel("Sound for new messages")).toBeVisible();
  await expect(page.getByLabel("Language")).toBeHidden();
  await expect(page.getByLabel("Appearance")).toBeHidden();
  await page.getByRole("button", { name: "Close" }).click();
  await give(page, "player", { language: "en", settings: [] });
  await expect(page.getByRole("button", { name: "Settings" })).toBeHidden();
});

test("the desk's layout depends on its own width", async ({ page }) => {
  await page.setViewportSize({ width: 1400, height: 900 });
  await page.goto("/?portal=staff&scene=busy");
  await style(page, "#portal { inline-size: 420px }", "append");
  await page.getByRole("option", { name: "Yara Haddad" }).click();
  await expect(field(page)).toBeVisible();
  const box = await page.locator(".ppc-conversation").boundingBox();
  expect(box?.width).toBe(420);
  await expect(page.getByRole("listbox")).toBeHidden();
  await style(page, "#portal { inline-size: 1100px }", "append");
  await expect(page.getByRole("listbox")).toBeVisible();
});

test("without a height of its parent the chat is as high as the window", async ({ page }) => {
  await page.setViewportSize({ width: 800, height: 700 });
  await page.goto("/?portal=player&scene=many");
  await style(
    page,
    "html, body, #portal, .page-player { block-size: auto !important; display: block !important; padding: 0 !important }",
    "append",
  );
  await style(page, ".page-player > .ppc { block-size: 100% !important }", "append");
  await expect(field(page)).toBeInViewport();
  expect((await chat(page).boundingBox())?.height).toBeLessThanOrEqual(700);
});

test("the page's text styles do not reach the chat", async ({ page }) => {
  // A conversation this short is in the DOM as a whole.
  await page.goto("/?portal=player&scene=empty");
  await callSystem(page, "persist", {
    playerId: "bo-1815",
    senderType: "player",
    content: "hello",
  });
  await callSystem(page, "persist", {
    playerId: "bo-1815",
    senderType: "staff",
    content: "thank you!",
  });
  await callSystem(page, "disconnect");
  const look = () =>
    page.evaluate(() =>
      [...document.querySelectorAll(".ppc, .ppc h2, .ppc p, .ppc-bubble")].map((element) => {
        const { textAlign, letterSpacing, wordSpacing, textTransform, textIndent, whiteSpace } =
          getComputedStyle(element);
        const { color, cursor, fontFamily } = getComputedStyle(element);
        const text = [textAlign, letterSpacing, wordSpacing, textTransform, textIndent, whiteSpace];
        return [...text, color, cursor, fontFamily].join();
      }),
    );
  for (const content of ["hello", "thank you!"])
    await expect(page.locator(".ppc-bubble", { hasText: content })).toBeVisible();
  const before = await look();
  const css =
    "text-align: center; letter-spacing: 3px; word-spacing: 9px; text-transform: uppercase; text-indent: 20px; white-space: pre; cursor: crosshair";
  await style(
    page,
    `body, #portal { ${css} } h1, h2, h3, p { color: red; font-family: serif; letter-spacing: 2px }`,
    "prepend",
  );
  expect(await look()).toEqual(before);
});

for (const where of ["prepend", "append"] as const) {
  test(`a portal's colours hold when its style is ${where}ed to the chat's`, async ({ page }) => {
    await page.goto("/?portal=player&scene=busy");
    await style(page, ".ppc { --ppc-player: light-dark(rgb(1 2 3), rgb(4 5 6)) }", where);
    await expect(page.locator(".ppc-bubble", { hasText: "thank you!" })).toHaveCSS(
      "background-color",
      "rgb(1, 2, 3)",
    );
  });
}

test("onUnread receives the number of unread messages", async ({ page }) => {
  await page.goto("/?portal=player&scene=busy");
  await expect(page.getByText("thank you!")).toBeVisible();
  await give(page, "player", {}, ["onUnread"]);
  await page.evaluate(() =>
    Object.defineProperty(document, "visibilityState", { get: () => "hidden" }),
  );
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await callSystem(page, "send", {
    playerId: "bo-1815",
    senderType: "staff",
    content: "Still there?",
  });
  await expect.poll(() => told(page)).toContainEqual(["onUnread", 1]);
});

test("onUnread receives the number of unread conversations", async ({ page }) => {
  await page.goto("/?portal=staff&scene=busy");
  await expect(page.getByText("Yara Haddad")).toBeVisible();
  await give(page, "staff", {}, ["onUnread"]);
  const count = async () => (await told(page)).map(([, count]) => Number(count)).at(-1) ?? 0;
  await expect.poll(count).toBeGreaterThan(0);
  const before = await count();
  await callSystem(page, "send", { playerId: "new", senderType: "player", content: "Hello?" });
  await expect.poll(count).toBeGreaterThan(before);
});

test("an onUnread that throws does not stop the desk", async ({ page }) => {
  const reported: string[] = [];
  page.on("pageerror", ({ message }) => reported.push(message));
  await page.goto("/?portal=staff&scene=busy");
  await expect(page.getByText("Yara Haddad")).toBeVisible();
  await page.evaluate(() => {
    const { show } = window as never as { show: (...user: unknown[]) => void };
    const onUnread = () => {
      throw new Error("the page's own");
    };
    show("ada", "Ada", { onUnread });
  });
  for (const playerId of ["new", "newer"]) {
    await callSystem(page, "send", { playerId, senderType: "player", content: `I am ${playerId}` });
    await expect(page.getByText(`I am ${playerId}`, { exact: true })).toBeVisible();
  }
  expect(reported).toContain("the page's own");
});

test("onProblem receives that the token is another user's", async ({ page }) => {
  await page.goto("/?portal=player&scene=busy");
  await expect(page.getByText("thank you!")).toBeVisible();
  await give(page, "player", {}, ["onProblem", "onSignIn"]);
  await injectFaults(page, { forbidden: true });
  await callSystem(page, "disconnect");
  await expect(page.getByText("Your sign-in does not open this chat.")).toBeVisible();
  await expect(page.getByText("cannot be reached")).toBeHidden();
  await expect(page.getByRole("button", { name: "Try now" })).toBeHidden();
  await page.getByRole("button", { name: "Sign in again" }).click();
  const calls = await told(page);
  expect(calls).toContainEqual([
    "onProblem",
    expect.objectContaining({ kind: "refused", status: 403 }),
  ]);
  expect(calls.some(([name]) => name === "onSignIn")).toBe(true);
  // It is reported once.
  const problems = calls.filter(([name]) => name === "onProblem");
  expect(new Set(problems.map((each) => JSON.stringify(each))).size).toBe(problems.length);
});

test("without onProblem the console receives that the gateway is unreachable", async ({ page }) => {
  await page.goto("/?portal=player&scene=busy");
  await expect(page.getByText("thank you!")).toBeVisible();
  const warning = page.waitForEvent("console", (message) => message.type() === "warning");
  await injectFaults(page, { networkFails: true });
  await callSystem(page, "disconnect");
  expect((await warning).text()).toContain("CORS_ORIGINS");
});
