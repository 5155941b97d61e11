import type { CannedReply } from "../types.js";

const VARIABLE = /\{([A-Za-z][A-Za-z0-9_]*)\}/g;

/** The values of the variables that the desk fills in; null for one that it does not know. */
export interface VariableValues {
  readonly playerName: string | null;
  readonly staffName: string | null;
  readonly playerId: string;
}

/** `body` with the values of its variables; those without a value stay as they are. */
export function filled(body: string, values: VariableValues): string {
  const known = new Map<string, string | null>(Object.entries(values));
  return body.replace(VARIABLE, (variable, name: string) => known.get(name) ?? variable);
}

/** The names of the variables in `text`, each once. */
export function variablesIn(text: string): string[] {
  return [...new Set([...text.matchAll(VARIABLE)].map(([, name = ""]) => name))];
}

/** The place of the first of `names` in `text` as a variable; null when it has none of them. */
export function firstVariable(
  text: string,
  names: ReadonlySet<string>,
): { readonly start: number; readonly end: number } | null {
  for (const match of text.matchAll(VARIABLE)) {
    const [variable, name = ""] = match;
    if (names.has(name)) return { start: match.index, end: match.index + variable.length };
  }
  return null;
}

const primary = (tag: string): string => tag.split(/[-_]/)[0]?.toLowerCase() ?? "";

/** The text of a reply, and its language. */
export interface ReplyText {
  readonly language: string;
  readonly body: string;
}

/** The reply in the first of `languages` that it has, else in its first one; null when it has none. */
export function textOf(
  { bodies }: CannedReply,
  languages: readonly (string | null)[],
): ReplyText | null {
  const known = Object.entries(bodies).map(([language, body]) => ({ language, body }));
  for (const wanted of languages) {
    if (wanted === null) continue;
    const exact = known.find(({ language }) => language.toLowerCase() === wanted.toLowerCase());
    const found = exact ?? known.find(({ language }) => primary(language) === primary(wanted));
    if (found !== undefined) return found;
  }
  return known[0] ?? null;
}
