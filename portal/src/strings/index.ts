import { de } from "./de.js";
import { en, type Strings } from "./en.js";

/** The package's languages. */
export const LANGUAGES = { en, de } satisfies Record<string, Strings>;

export type Language = keyof typeof LANGUAGES;
export type { Strings };

/** Some of the entries of `T`, at any depth. */
export type DeepPartial<T> = T extends
  | string
  | readonly string[]
  | ((...values: never[]) => unknown)
  ? T
  : { readonly [Key in keyof T]?: DeepPartial<T[Key]> | undefined };

/** The strings that a portal brings. */
export interface CustomStrings {
  /** Their language; null when they replace those of every language. */
  readonly language: string | null;
  readonly strings: DeepPartial<Strings>;
}

/** The strings in use, and their language. */
export interface ResolvedStrings {
  /** A BCP 47 tag. */
  readonly language: string;
  readonly strings: Strings;
}

/** Whether `tag` is one of the package's languages. */
export const isLanguage = (tag: string): tag is Language => Object.hasOwn(LANGUAGES, tag);

/** `tag` in the canonical form of BCP 47, `de-CH` for `de_ch`; null when it is invalid. */
function canonical(tag: string): string | null {
  try {
    return Intl.getCanonicalLocales(tag.replaceAll("_", "-"))[0] ?? null;
  } catch {
    return null;
  }
}

const primary = (tag: string): string => tag.split(/[-_]/)[0]?.toLowerCase() ?? "";

const applyTo = (tag: string, own: CustomStrings): boolean =>
  own.language === null || primary(own.language) === primary(tag);

/** Whether there are strings for `tag`. */
export function isSupported(tag: string, own: CustomStrings | null): boolean {
  if (canonical(tag) === null) return false;
  return isLanguage(primary(tag)) || (own !== null && own.language !== null && applyTo(tag, own));
}

/** The strings for `tag`: those of `de` for `de-CH`, and English without any. */
export function stringsFor(tag: string, own: CustomStrings | null): ResolvedStrings {
  const language = isSupported(tag, own) ? (canonical(tag) ?? "en") : "en";
  const base = primary(language);
  const strings = isLanguage(base) ? LANGUAGES[base] : en;
  return own !== null && applyTo(language, own)
    ? { language, strings: merged(strings, own.strings) as Strings }
    : { language, strings };
}

type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `base` with the entries of `own` in place of its own, at any depth. */
export function merged(base: Tree, own: Tree): Tree {
  const all: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(own)) {
    const below = all[key];
    if (value !== undefined)
      all[key] = isTree(value) && isTree(below) ? merged(below, value) : value;
  }
  return all;
}

/** The first of the browser's languages with strings; English without one. */
export function preferredLanguage(
  own: CustomStrings | null = null,
  tags: readonly string[] = navigator.languages,
): string {
  const known = tags.find((tag) => isSupported(tag, own));
  return known === undefined ? "en" : primary(known);
}

/** Scripts that are written from right to left. */
const RIGHT_TO_LEFT = ["Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg"];

/** Whether a language is written from right to left. */
export const isRightToLeft = (language: string): boolean =>
  RIGHT_TO_LEFT.includes(new Intl.Locale(language).maximize().script ?? "");

/** A language's name in that language. */
export const languageName = (language: string): string =>
  new Intl.DisplayNames(language, { type: "language" }).of(language) ?? language;
