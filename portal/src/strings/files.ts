import { filesDe } from "./files.de.js";
import { type FileStrings, filesEn } from "./files.en.js";
import { type DeepPartial, isLanguage, merged } from "./index.js";

const LANGUAGES = { en: filesEn, de: filesDe };

/** The texts about files for a language; `own` are those that the portal brings. */
export function fileStringsFor(
  language: string,
  own: DeepPartial<FileStrings> | undefined,
): FileStrings {
  const base = language.split("-")[0] ?? "";
  const strings = isLanguage(base) ? LANGUAGES[base] : filesEn;
  return own === undefined ? strings : (merged(strings, own) as FileStrings);
}
