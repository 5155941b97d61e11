import { expect, type Page } from "@playwright/test";
import { test } from "../test.js";

const field = (page: Page) => page.getByLabel("Your message");
const bubble = (page: Page, text: string) => page.locator(".ppc-bubble", { hasText: text });

/**
 * Pastes into the field, or drops on an element; returns whether the default action was prevented.
 */
const brings = (page: Page, type: "paste" | "drop", selector: string, text = "") =>
  page.evaluate(
    ([type, selector, text]) => {
      const data = new DataTransfer();
      if (text === "") data.items.add(new File(["x"], "a.png", { type: "image/png" }));
      else data.setData("text/plain", text);
      const init = { bubbles: true, cancelable: true, composed: true };
      const event =
        type === "paste"
          ? new ClipboardEvent(type, { ...init, clipboardData: data })
          : new DragEvent(type, { ...init, dataTransfer: data });
      document.querySelector(selector)?.dispatchEvent(event);
      return event.defaultPrevented;
    },
    [type, selector, text] as const,
  );

test("a pasted or dropped picture shows how to send one", async ({ page }) => {
  await page.goto("/?portal=player&scene=busy");
  const note = page.getByText("Pictures and other files cannot be sent yet");
  await field(page).focus();
  expect(await brings(page, "paste", "textarea")).toBe(true);
  await expect(note).toBeVisible();
  await field(page).fill("so I write");
  await expect(note).toBeHidden();
  for (const place of ["textarea", ".ppc-scroller", ".ppc-header"]) {
    expect(await brings(page, "drop", place)).toBe(true);
    await expect(note).toBeVisible();
    await field(page).fill("");
  }
  // Some programs copy text together with a picture of it: that is text.
  expect(await brings(page, "paste", "textarea", "a text")).toBe(false);
});

test("a file dropped beside the field does not replace the page", async ({ page }) => {
  await page.goto("/?portal=staff&scene=busy");
  await expect(page.getByText("Yara Haddad")).toBeVisible();
  for (const place of [".ppc-inbox", ".ppc-conversation", ".ppc-desk-header"]) {
    expect(await brings(page, "drop", place)).toBe(true);
    expect(await brings(page, "drop", place, "https://example.com/")).toBe(true);
  }
  await page.getByText("Noor").click();
  await expect(field(page)).toBeVisible();
  expect(await brings(page, "drop", "textarea", "https://example.com/")).toBe(false);
});

test("a pasted text loses refused characters, and the cursor keeps its position", async ({
  page,
}) => {
  await page.goto("/?portal=player&scene=busy");
  await field(page).fill("before after");
  await field(page).evaluate((element: HTMLTextAreaElement) => element.setSelectionRange(7, 7));
  await page.evaluate(() =>
    document.execCommand("insertText", false, "one\u000btwo\u0000\u0007three\ud800 \tend "),
  );
  const text = "before one\ntwothree\ufffd \tend after";
  await expect(field(page)).toHaveValue(text);
  const cursor = await field(page).evaluate((element: HTMLTextAreaElement) => element.selectionEnd);
  expect(cursor).toBe(text.indexOf("after"));
  await page.keyboard.press("Enter");
  await expect(bubble(page, "twothree")).toHaveAttribute("data-state", "delivered");
});

test("on a touch screen Enter makes a new line, and the button sends", async ({ browser }) => {
  const page = await (
    await browser.newContext({
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    })
  ).newPage();
  await page.goto("/?portal=player&scene=busy");
  await field(page).tap();
  await page.keyboard.type("one");
  await page.keyboard.press("Enter");
  await page.keyboard.type("two");
  await expect(field(page)).toHaveValue("one\ntwo");
  await page.getByRole("button", { name: "Send" }).tap();
  await expect(bubble(page, "one\ntwo")).toHaveAttribute("data-state", "delivered");
});
