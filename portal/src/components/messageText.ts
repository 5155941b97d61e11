import { LinkifyIt } from "linkify-it";

/** A piece of a message: plain text, or a link. */
export interface Piece {
  readonly text: string;
  readonly href: string | null;
}

// Only http, https and mailto: never javascript: or file:. A word without a scheme is a link when
// it begins with "www." or ends in one of a few top-level domains: "item.id" is none.
const linkify = new LinkifyIt({ fuzzyLink: true, fuzzyEmail: true })
  .tlds(["com", "org", "net", "gg", "io", "dev", "app", "eu", "de", "uk"])
  .add("ftp:", null)
  .add("//", null)
  .add("www.", {
    validate(text, position, self) {
      const address = `//${text.slice(position)}`;
      return Math.max(0, self.testSchemaAt(address, "http:", 0) - 2);
    },
    normalize(match) {
      match.url = `https://${match.url}`;
    },
  });

/** Splits a message into text and links. */
export function pieces(content: string): Piece[] {
  const result: Piece[] = [];
  let end = 0;
  for (const { index, lastIndex, text, url } of linkify.match(content) ?? []) {
    if (index > end) result.push({ text: content.slice(end, index), href: null });
    result.push({ text, href: hasScheme(text) ? url : url.replace(/^http:/, "https:") });
    end = lastIndex;
  }
  if (end < content.length) result.push({ text: content.slice(end), href: null });
  return result;
}

const hasScheme = (text: string): boolean => /^[a-z]+:/i.test(text);

/** The punycode host of a link whose letters resemble Latin ones; null for other links. */
export function hostOf({ text, href }: Piece): string | null {
  try {
    const { hostname } = new URL(href ?? "");
    const isForeign = /[^\p{ASCII}\p{Script=Latin}]/u.test(decodeURI(text));
    return isForeign && hostname.includes("xn--") ? hostname : null;
  } catch {
    return null;
  }
}

const FEW_EMOJI = /^(?:\p{RGI_Emoji}\s*){1,3}$/v;

/** Whether a message is one to three emoji, which are shown larger. */
export const isFewEmoji = (content: string): boolean =>
  content.length < 60 && FEW_EMOJI.test(content);

/** Line breaks other than line feeds, which are the only ones in a message. */
const LINE_ENDS = /\r\n?|[\v\f\u0085\u2028\u2029]/g;
/** Control characters that the gateway refuses. */
const CONTROLS = /[^\P{Cc}\n\t]/gu;

/** The text without the characters that the gateway refuses. */
export const withoutControls = (text: string): string =>
  text.replace(LINE_ENDS, "\n").replace(CONTROLS, "").toWellFormed();

/** The length of a message in code points, as the gateway counts it. */
export const lengthOf = (content: string): number => [...content.trim()].length;
