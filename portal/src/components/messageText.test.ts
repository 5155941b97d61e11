import { expect, test } from "vitest";
import { hostOf, isFewEmoji, lengthOf, pieces, withoutControls } from "./messageText.js";

const links = (content: string) => pieces(content).flatMap(({ href }) => href ?? []);

test("links are found, and the text around them is whole", () => {
  const content = "see https://example.com/a?b=c#d, www.example.org or me@example.com.";
  expect(links(content)).toEqual([
    "https://example.com/a?b=c#d",
    "https://www.example.org",
    "mailto:me@example.com",
  ]);
  expect(
    pieces(content)
      .map(({ text }) => text)
      .join(""),
  ).toBe(content);
});

test("nothing that runs, or reaches into the reader's machine, becomes a link", () => {
  for (const content of [
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "ftp://example.com/x",
    "//example.com/x",
  ]) {
    for (const href of links(content)) expect(href).toMatch(/^(https?|mailto):/);
  }
  expect(links("javascript:alert(1)")).toEqual([]);
});

test("a few emoji are told from text", () => {
  for (const content of ["🎉", "🎉🎉", "👩‍👩‍👧 👍🏽", "🇩🇪"]) expect(isFewEmoji(content)).toBe(true);
  for (const content of ["🎉🎉🎉🎉", "ok 👍", "1", "#", ""])
    expect(isFewEmoji(content)).toBe(false);
});

test("characters are counted as the gateway counts them", () => {
  expect(lengthOf("  🗡️ ab \n")).toBe(5);
});

test("a word with a dot in it is a link only when it can be meant as one", () => {
  for (const content of ["item.id", "readme.md", "a.b", "v1.2.zip", "end.Then"])
    expect(links(content)).toEqual([]);
  expect(links("www.item.id/a, foo.de and shop.example.co.uk")).toEqual([
    "https://www.item.id/a",
    "https://foo.de",
    "https://shop.example.co.uk",
  ]);
  expect(links("http://example.id")).toEqual(["http://example.id"]);
});

test("a link whose letters look like others has its host beside it", () => {
  const host = (content: string) =>
    pieces(content)
      .map(hostOf)
      .find((each) => each !== null);
  expect(host("https://раураl.com/login")).toMatch(/^xn--/);
  expect(host("https://аррӏе.com")).toMatch(/^xn--/);
  expect(host("https://paypal.com/с")).toBeUndefined();
  expect(host("https://münchen.de")).toBeUndefined();
});

test("a text loses the characters that the gateway refuses, and keeps its lines", () => {
  expect(withoutControls("a\u000bb\r\nc\rd\u2028e")).toBe("a\nb\nc\nd\ne");
  expect(withoutControls("\u0000a\u0007\tb\u007f\u009f")).toBe("a\tb");
  expect(withoutControls("\ud800 🗡️ é")).toBe("\ufffd 🗡️ é");
});
