import { de } from "./de.js";
import { en, type Strings } from "./en.js";

/** The languages that there are. */
export const LANGUAGES = { en, de } satisfies Record<string, Strings>;

export type Language = keyof typeof LANGUAGES;
export type { Strings };

/** Whether `tag` is one of the languages. */
export const isLanguage = (tag: string): tag is Language => tag in LANGUAGES;

/** The first of the reader's languages that there is; English where there is none. */
export function readersLanguage(tags: readonly string[] = navigator.languages): Language {
  const primary = tags.map((tag) => tag.split("-")[0] ?? "");
  return primary.find(isLanguage) ?? "en";
}
