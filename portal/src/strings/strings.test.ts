import { expect, test } from "vitest";
import { de } from "./de.js";
import { en } from "./en.js";
import { formatsOf } from "./formats.js";
import { fr } from "./fr.js";
import { isRightToLeft, preferredLanguage, stringsFor } from "./index.js";

test("a region's language is the language, however its tag is written", () => {
  for (const tag of ["de", "de-CH", "de_DE", "DE-at"])
    expect(stringsFor(tag, null).strings).toBe(de);
  expect(stringsFor("de_ch", null).language).toBe("de-CH");
});

test("a language without strings, and what is no language, is English", () => {
  for (const tag of ["fr", "tlh", "", "toString", "x y", "*"])
    expect(stringsFor(tag, null)).toEqual({ language: "en", strings: en });
});

test("the portal's strings stand in for those of their language alone", () => {
  const own = { language: "de-CH", strings: { player: { title: "Hilfe" } } };
  const german = stringsFor("de", own).strings;
  expect(german.player.title).toBe("Hilfe");
  expect(german.player.subtitle).toBe(de.player.subtitle);
  expect(stringsFor("en", own).strings).toBe(en);
});

test("the portal's strings without a language stand in for those of each language", () => {
  const own = { language: null, strings: { player: { title: "ACME" }, staff: undefined } };
  for (const tag of ["en", "de"]) expect(stringsFor(tag, own).strings.player.title).toBe("ACME");
  expect(stringsFor("de", own).strings.staff).toBe(de.staff);
});

test("a language that the portal brings is one, in English as far as it does not go", () => {
  const own = { language: "pt-BR", strings: { composer: { send: "Enviar" } } };
  const { language, strings } = stringsFor("pt-BR", own);
  expect(language).toBe("pt-BR");
  expect(strings.composer.send).toBe("Enviar");
  expect(strings.composer.left(3)).toBe(en.composer.left(3));
  expect(preferredLanguage(own, ["fr-FR", "pt-PT", "de"])).toBe("pt");
});

test("French is what its file says", () => {
  const own = { language: "fr-CA", strings: fr };
  expect(stringsFor("fr-CA", own).strings.composer.send).toBe("Envoyer");
  expect(stringsFor("en", own).strings).toBe(en);
});

test("the reader's language is the first that there is", () => {
  expect(preferredLanguage(null, ["fr-CH", "de-CH", "en"])).toBe("de");
  expect(preferredLanguage(null, ["fr"])).toBe("en");
});

test("languages that are written from right to left are known by their script", () => {
  expect(["ar", "he", "fa-IR", "ur"].every(isRightToLeft)).toBe(true);
  expect(["en", "de-CH", "tr", "zh-Hant"].some(isRightToLeft)).toBe(false);
});

test("times are of the region that the tag names", () => {
  const at = Date.UTC(2026, 2, 3, 21, 5) * 1000;
  expect(formatsOf("de-AT", de).time(at)).toMatch(/^\d\d:05$/);
  expect(formatsOf("en-US", en).time(at)).toMatch(/:05.(AM|PM)$/);
});
