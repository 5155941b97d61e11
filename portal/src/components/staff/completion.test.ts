import { expect, test } from "vitest";
import { mentionPieces } from "./mentionPieces.js";
import { tagOf } from "./Tagging.js";
import { triggerAt } from "./useCompletion.js";

test("a slash opens the list at the start and after white space, not within a word", () => {
  expect(triggerAt("/ref", 4, "/")).toEqual({ start: 0, end: 4, query: "ref" });
  expect(triggerAt("Hi\n/", 4, "/")).toEqual({ start: 3, end: 4, query: "" });
  expect(triggerAt("Hi /ref now", 7, "/")).toEqual({ start: 3, end: 7, query: "ref" });
  for (const text of ["and/or", "https://x", "/ref and"])
    expect(triggerAt(text, text.length, "/")).toBeNull();
});

test("an at sign opens the list, not within an address", () => {
  expect(triggerAt("ask (@gr", 8, "@")).toEqual({ start: 5, end: 8, query: "gr" });
  expect(triggerAt("ada@example", 11, "@")).toBeNull();
});

test("a note is split at its mentions, the longest id first", () => {
  const pieces = mentionPieces("@ada and @ada.l, @alan", ["ada", "ada.l"]);
  expect(pieces.map(({ text, id }) => [text, id])).toEqual([
    ["@ada", "ada"],
    [" and ", null],
    ["@ada.l", "ada.l"],
    [", @alan", null],
  ]);
});

test("a typed tag becomes one that the gateway accepts", () => {
  expect(tagOf("  Lost Item! ")).toBe("lost-item");
  expect(tagOf("Äpfel")).toBe("pfel");
});
