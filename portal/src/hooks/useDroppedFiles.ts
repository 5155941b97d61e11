import { type RefObject, useEffect, useRef } from "react";
import { isEditable } from "./useShortcuts.js";

/** Prevents the browser from opening a dropped file; text may be dropped into a field. */
export function refuseDrop(event: DragEvent): void {
  if (hasFiles(event) || !isEditable(event.composedPath()[0])) event.preventDefault();
}

const hasFiles = ({ dataTransfer }: DragEvent): boolean =>
  dataTransfer?.types.includes("Files") ?? false;

/** Calls `onFiles` when files are dropped anywhere on the portal around `element`. */
export function useDroppedFiles(element: RefObject<HTMLElement | null>, onFiles: () => void): void {
  const latest = useRef(onFiles);
  useEffect(() => {
    latest.current = onFiles;
  });
  useEffect(() => {
    const portal = element.current?.closest<HTMLElement>(".ppc");
    const drop = (event: DragEvent) => hasFiles(event) && latest.current();
    portal?.addEventListener("drop", drop);
    return () => portal?.removeEventListener("drop", drop);
  }, [element]);
}
