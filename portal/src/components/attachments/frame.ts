import type { CSSProperties } from "react";
import type { Attachment } from "../../core/types.js";

/** The longest side of a picture in a message, in pixels. */
const MOST = 320;
/** The shortest width of one, so that its buttons fit. */
const LEAST = 112;
/** The width of a file's row, in pixels. */
const FILE = 280;
/** Longer and wider pictures are cut at their edges. */
const MOST_RATIO = 2.5;

/** Whether an attachment is shown as a picture. */
export const isShownAsPicture = ({ width, height, contentType }: Attachment): boolean =>
  (width !== null && height !== null) || contentType.startsWith("image/");

/** The shape of a picture. */
interface Frame {
  /** In pixels. */
  readonly width: number;
  /** The width by the height. */
  readonly ratio: number;
}

/** The place of a single picture, whose size is known before it is loaded. */
function frameOf({ width, height }: Attachment): Frame {
  if (width === null || height === null) return { width: 240, ratio: 4 / 3 };
  const ratio = Math.min(MOST_RATIO, Math.max(1 / MOST_RATIO, width / height));
  const scale = Math.min(1, MOST / width, MOST / height);
  return { width: Math.min(MOST, Math.max(LEAST, Math.round(width * scale))), ratio };
}

/** Whether the pictures of a message are tiles beside each other. */
export const isGrid = (attachments: readonly Attachment[]): boolean =>
  attachments.filter(isShownAsPicture).length > 1;

/** The style of a single picture's place. */
export function pictureStyle(attachment: Attachment): CSSProperties {
  const { width, ratio } = frameOf(attachment);
  return { inlineSize: width, aspectRatio: String(ratio) };
}

/** The style of a bubble that is as wide as its files. */
export function bubbleStyle(attachments: readonly Attachment[]): CSSProperties {
  const widths = attachments.map((each) => (isShownAsPicture(each) ? frameOf(each).width : FILE));
  const width = isGrid(attachments) ? MOST : Math.max(...widths);
  return { "--files": `${width}px` } as CSSProperties;
}
