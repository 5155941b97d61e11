/** Characters without a visible glyph. */
const UNSEEN = /[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\u2800]/gu;
/** Characters that change the direction of the text around them. */
const DIRECTIONS = /\p{Bidi_Control}/gu;

/** Whether `text` has a visible character. */
export const isReadable = (text: string): boolean => text.replace(UNSEEN, "") !== "";

/** A name without direction controls; null when it has no visible character. */
export function readableName(name: string | null): string | null {
  const plain = name?.replace(DIRECTIONS, "").trim() ?? "";
  return isReadable(plain) ? plain : null;
}
