/** A piece of a note: text, or the id of a member of the staff. */
export interface MentionPiece {
  readonly text: string;
  /** The mentioned member; null for text. */
  readonly id: string | null;
  /** Where the piece begins in the note. */
  readonly start: number;
}

/** Splits a note into text and the mentions of `ids`; the longest id counts. */
export function mentionPieces(content: string, ids: readonly string[]): MentionPiece[] {
  const longestFirst = [...ids].sort((a, b) => b.length - a.length);
  const pieces: MentionPiece[] = [];
  let end = 0;
  const add = (to: number) => {
    if (to > end) pieces.push({ text: content.slice(end, to), id: null, start: end });
  };
  for (let at = content.indexOf("@"); at >= 0; at = content.indexOf("@", at + 1)) {
    const id = longestFirst.find((one) => content.startsWith(one, at + 1));
    if (id === undefined || at < end) continue;
    add(at);
    end = at + 1 + id.length;
    pieces.push({ text: content.slice(at, end), id, start: at });
  }
  add(content.length);
  return pieces;
}
