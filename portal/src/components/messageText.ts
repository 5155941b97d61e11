import { LinkifyIt } from "linkify-it";

/** A piece of a message: text, or text that leads somewhere. */
export interface Piece {
  readonly text: string;
  readonly href: string | null;
}

// Nothing but these schemes: never javascript: or file:. Without a scheme, a word is a link when it begins
// with "www." or ends in one of a few domains: "item.id" is none.
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

/** Cuts a message where its links begin and end. */
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

/** The host of a link as the network has it, when its letters could be taken for Latin ones; else null. */
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

/** Whether a message is nothing but a few emoji, which are shown larger. */
export const isFewEmoji = (content: string): boolean =>
  content.length < 60 && FEW_EMOJI.test(content);

/** What begins another line in some programs; in a message, line feeds do. */
const LINE_ENDS = /\r\n?|[\v\f\u0085\u2028\u2029]/g;
/** Characters that the gateway does not take. */
const CONTROLS = /[^\P{Cc}\n\t]/gu;

/** A text without the characters that the gateway does not take. */
export const withoutControls = (text: string): string =>
  text.replace(LINE_ENDS, "\n").replace(CONTROLS, "").toWellFormed();

/** How many characters a message has, as the gateway counts them. */
export const lengthOf = (content: string): number => [...content.trim()].length;
