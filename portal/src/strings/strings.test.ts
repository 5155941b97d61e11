import { expect, test } from "vitest";
import { de } from "./de.js";
import { en } from "./en.js";
import { filesEn } from "./files.en.js";
import { formatsOf } from "./formats.js";
import { fr } from "./fr.js";
import { isRightToLeft, preferredLanguage, stringsFor } from "./index.js";

test("a regional tag has the strings of its language, in any notation", () => {
  for (const tag of ["de", "de-CH", "de_DE", "DE-at"])
    expect(stringsFor(tag, null).strings).toBe(de);
  expect(stringsFor("de_ch", null).language).toBe("de-CH");
});

test("an unknown language and an invalid tag are English", () => {
  for (const tag of ["fr", "tlh", "", "toString", "x y", "*"])
    expect(stringsFor(tag, null)).toEqual({ language: "en", strings: en });
});

test("custom strings replace those of their language only", () => {
  const own = { language: "de-CH", strings: { player: { title: "Hilfe" } } };
  const german = stringsFor("de", own).strings;
  expect(german.player.title).toBe("Hilfe");
  expect(german.player.subtitle).toBe(de.player.subtitle);
  expect(stringsFor("en", own).strings).toBe(en);
});

test("custom strings without a language replace those of every language", () => {
  const own = { language: null, strings: { player: { title: "ACME" }, staff: undefined } };
  for (const tag of ["en", "de"]) expect(stringsFor(tag, own).strings.player.title).toBe("ACME");
  expect(stringsFor("de", own).strings.staff).toBe(de.staff);
});

test("a custom language falls back to English", () => {
  const own = { language: "pt-BR", strings: { composer: { send: "Enviar" } } };
  const { language, strings } = stringsFor("pt-BR", own);
  expect(language).toBe("pt-BR");
  expect(strings.composer.send).toBe("Enviar");
  expect(strings.composer.left(3)).toBe(en.composer.left(3));
  expect(preferredLanguage(own, ["fr-FR", "pt-PT", "de"])).toBe("pt");
});

test("French replaces every text that the components show", () => {
  const own = { language: "fr-CA", strings: fr };
  expect(stringsFor("fr-CA", own).strings.composer.send).toBe("Envoyer");
  expect(stringsFor("en", own).strings).toBe(en);
  const shown = Object.keys(en).filter((key) => key !== "entrance");
  expect(Object.keys(fr).sort()).toEqual([...shown, "files"].sort());
  expect(Object.keys(fr.files ?? {}).sort()).toEqual(Object.keys(filesEn).sort());
});

test("the preferred language is the browser's first with strings", () => {
  expect(preferredLanguage(null, ["fr-CH", "de-CH", "en"])).toBe("de");
  expect(preferredLanguage(null, ["fr"])).toBe("en");
});

test("right-to-left languages are recognized by their script", () => {
  expect(["ar", "he", "fa-IR", "ur"].every(isRightToLeft)).toBe(true);
  expect(["en", "de-CH", "tr", "zh-Hant"].some(isRightToLeft)).toBe(false);
});

test("times have the format of the tag's region", () => {
  const at = Date.UTC(2026, 2, 3, 21, 5) * 1000;
  expect(formatsOf("de-AT", de).time(at)).toMatch(/^\d\d:05$/);
  expect(formatsOf("en-US", en).time(at)).toMatch(/:05.(AM|PM)$/);
});
