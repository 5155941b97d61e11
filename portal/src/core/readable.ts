/** Characters that a reader does not see, whatever they stand beside. */
const UNSEEN = /[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\u2800]/gu;
/** Characters that change the direction in which the text around them is read. */
const DIRECTIONS = /\p{Bidi_Control}/gu;

/** Whether a reader sees anything of `text`. */
export const isReadable = (text: string): boolean => text.replace(UNSEEN, "") !== "";

/** A name as it is shown: without controls of direction; null when nothing of it can be seen. */
export function readableName(name: string | null): string | null {
  const plain = name?.replace(DIRECTIONS, "").trim() ?? "";
  return isReadable(plain) ? plain : null;
}
