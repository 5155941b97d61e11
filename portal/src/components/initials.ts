const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: "grapheme" });

const graphemes = (text: string): string[] =>
  Array.from(GRAPHEMES.segment(text), ({ segment }) => segment);

/** The number of distinguishable hues around the colour circle. */
const HUES = 12;

/** The hue of an id, in degrees: FNV-1a, so that similar ids have different hues. */
export function hueOf(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 0x01000193);
  // The lowest bits depend on the last character too closely.
  return ((hash >>> 8) % HUES) * (360 / HUES);
}

/**
 * The initials of a name's first two words; of an id its last two characters, since ids begin
 * alike.
 */
export function initialsOf(id: string, name: string | null): string {
  if (name === null || name === id) return graphemes(id).slice(-2).join("").toUpperCase();
  const words = name
    .trim()
    .split(/[\s._-]+/u)
    .filter((word) => word !== "");
  const initials = words.slice(0, 2).map((word) => graphemes(word)[0] ?? "");
  return initials.join("").toUpperCase();
}
