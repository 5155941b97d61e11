import { expect, test } from "vitest";
import { hostOf, isFewEmoji, lengthOf, pieces, withoutControls } from "./messageText.js";

const links = (content: string) => pieces(content).flatMap(({ href }) => href ?? []);

test("a message is split into text and links without loss", () => {
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

test("only http, https and mailto become links", () => {
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

test("one to three emoji are recognized", () => {
  for (const content of ["🎉", "🎉🎉", "👩‍👩‍👧 👍🏽", "🇩🇪"]) expect(isFewEmoji(content)).toBe(true);
  for (const content of ["🎉🎉🎉🎉", "ok 👍", "1", "#", ""])
    expect(isFewEmoji(content)).toBe(false);
});

test("the length is in code points without surrounding white space", () => {
  expect(lengthOf("  🗡️ ab \n")).toBe(5);
});

test("a word with a dot is a link only with www. or a known domain", () => {
  for (const content of ["item.id", "readme.md", "a.b", "v1.2.zip", "end.Then"])
    expect(links(content)).toEqual([]);
  expect(links("www.item.id/a, foo.de and shop.example.co.uk")).toEqual([
    "https://www.item.id/a",
    "https://foo.de",
    "https://shop.example.co.uk",
  ]);
  expect(links("http://example.id")).toEqual(["http://example.id"]);
});

test("a link with look-alike letters has its punycode host", () => {
  const host = (content: string) =>
    pieces(content)
      .map(hostOf)
      .find((each) => each !== null);
  expect(host("https://раураl.com/login")).toMatch(/^xn--/);
  expect(host("https://аррӏе.com")).toMatch(/^xn--/);
  expect(host("https://paypal.com/с")).toBeUndefined();
  expect(host("https://münchen.de")).toBeUndefined();
});

test("control characters are removed and line breaks become line feeds", () => {
  expect(withoutControls("a\u000bb\r\nc\rd\u2028e")).toBe("a\nb\nc\nd\ne");
  expect(withoutControls("\u0000a\u0007\tb\u007f\u009f")).toBe("a\tb");
  expect(withoutControls("\ud800 🗡️ é")).toBe("\ufffd 🗡️ é");
});
