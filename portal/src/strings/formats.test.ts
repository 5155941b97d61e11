import { expect, test } from "vitest";
import { localeFor } from "./formats.js";

/** 21:44 in `language`, for a browser with the languages `tags`. */
function evening(language: string, tags: string[]): string {
  const { locale, hourCycle } = localeFor(language, tags);
  const options = { hour: "numeric", minute: "2-digit", hourCycle, timeZone: "UTC" } as const;
  return new Intl.DateTimeFormat(locale, options).format(new Date("2026-03-03T21:44:00Z"));
}

test("hours are those of the browser's region in any language", () => {
  expect(evening("en", ["en-GB"])).toBe("21:44");
  expect(evening("en", ["en-US"])).toMatch(/9:44\sPM/);
  expect(evening("en", ["fa-IR"])).toBe("21:44");
  expect(evening("en", ["fr-FR", "en-US"])).toMatch(/9:44\sPM/);
  expect(evening("en", ["es-US"])).toMatch(/9:44\spm/i);
  expect(evening("de", ["tr-TR"])).toBe("21:44");
});
