import { LinkifyIt } from "linkify-it";

/** A piece of a message: text, or text that leads somewhere. */
export interface Piece {
  readonly text: string;
  readonly href: string | null;
}

// Nothing but these schemes: never javascript: or file:.
const linkify = new LinkifyIt({ fuzzyLink: true, fuzzyEmail: true })
  .add("ftp:", null)
  .add("//", null);

/** Cuts a message where its links begin and end. */
export function pieces(content: string): Piece[] {
  const result: Piece[] = [];
  let end = 0;
  for (const { index, lastIndex, text, url } of linkify.match(content) ?? []) {
    if (index > end) result.push({ text: content.slice(end, index), href: null });
    result.push({ text, href: url });
    end = lastIndex;
  }
  if (end < content.length) result.push({ text: content.slice(end), href: null });
  return result;
}

const FEW_EMOJI = /^(?:\p{RGI_Emoji}\s*){1,3}$/v;

/** Whether a message is nothing but a few emoji, which are shown larger. */
export const isFewEmoji = (content: string): boolean =>
  content.length < 60 && FEW_EMOJI.test(content);

/** How many characters a message has, as the gateway counts them. */
export const lengthOf = (content: string): number => [...content.trim()].length;

/** The most that the gateway takes. */
export const MAX_CHARACTERS = 4_000;
