import { useEffect, useRef } from "react";

interface LocalPictureProps {
  readonly blob: Blob;
  readonly name: string;
  /** Its longest side is drawn with up to so many pixels. */
  readonly longest: number;
}

/**
 * A picture that this page has the bytes of. It is drawn, since the policies of many pages refuse
 * images from `blob:` addresses.
 */
export function LocalPicture({ blob, name, longest }: LocalPictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let isCurrent = true;
    createImageBitmap(blob)
      .then((bitmap) => {
        const { current: element } = canvas;
        if (isCurrent && element !== null) {
          const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
          element.width = Math.max(1, Math.round(bitmap.width * scale));
          element.height = Math.max(1, Math.round(bitmap.height * scale));
          const context = element.getContext("2d");
          if (context !== null) context.imageSmoothingQuality = "high";
          context?.drawImage(bitmap, 0, 0, element.width, element.height);
        }
        bitmap.close();
      })
      // A picture that this browser cannot read stays an empty place; the gateway decides on it.
      .catch(() => {});
    return () => {
      isCurrent = false;
    };
  }, [blob, longest]);
  return <canvas ref={canvas} role="img" aria-label={name} />;
}
