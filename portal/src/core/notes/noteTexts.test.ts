import { expect, test } from "vitest";
import { NoteTexts } from "./noteTexts.js";

const NOTE = "He was banned twice,\nsee case 412.";

test("a reply with the text of a note is recognized, whatever its white space and case", () => {
  const texts = new NoteTexts("scope", null);
  expect(texts.isIn("Hello! he was banned TWICE, see case 412. Bye", [NOTE])).toBe(true);
  expect(texts.isIn("banned twice, see", [NOTE])).toBe(true);
  expect(texts.isIn("Your order is on its way", [NOTE])).toBe(false);
});

test("a short text counts only if it was copied and is all of the reply", () => {
  const texts = new NoteTexts("scope", null);
  expect(texts.isIn("banned", ["banned"])).toBe(false);
  texts.remember(" banned ");
  expect(texts.isIn("Banned", [])).toBe(true);
  expect(texts.isIn("You are not banned", [])).toBe(false);
});

test("a copied text is recognized after the note was deleted", () => {
  const texts = new NoteTexts("scope", null);
  texts.remember("suspected of fraud");
  expect(texts.isIn("We think you are suspected of fraud.", [])).toBe(true);
});
