import { afterEach, expect, test, vi } from "vitest";
import { en } from "./en.js";
import { formatsOf } from "./formats.js";

afterEach(() => vi.unstubAllGlobals());

/** `hours`:`minutes` in `language`, for a browser with the languages `tags`. */
function timeOf(hours: number, minutes: number, language: string, tags: string[]): string {
  vi.stubGlobal("navigator", { languages: tags });
  const at = new Date(2026, 2, 3, hours, minutes).getTime() * 1000;
  return formatsOf(language, en).time(at);
}

test("hours are those of the browser's region in any language", () => {
  expect(timeOf(21, 44, "en", ["en-GB"])).toBe("21:44");
  expect(timeOf(21, 44, "en", ["en-US"])).toMatch(/9:44\sPM/);
  expect(timeOf(21, 44, "en", ["fa-IR"])).toBe("21:44");
  expect(timeOf(21, 44, "en", ["fr-FR", "en-US"])).toMatch(/9:44\sPM/);
  expect(timeOf(21, 44, "en", ["es-US"])).toMatch(/9:44\spm/i);
  expect(timeOf(21, 44, "de", ["tr-TR"])).toBe("21:44");
});

test("a morning hour has as many digits as its region writes", () => {
  expect(timeOf(0, 36, "en", ["en-GB"])).toBe("00:36");
  expect(timeOf(9, 5, "de", ["de-AT"])).toBe("09:05");
  expect(timeOf(9, 5, "fr", ["fr-FR"])).toBe("09:05");
  expect(timeOf(9, 5, "es", ["es-ES"])).toBe("9:05");
  expect(timeOf(9, 5, "en", ["en-US"])).toMatch(/^9:05\sAM$/);
});
