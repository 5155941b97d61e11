import { type RefObject, useEffect, useRef } from "react";
import { isEditable } from "./useShortcuts.js";

/** Prevents the browser from opening a dropped file; text may be dropped into a field. */
export function refuseDrop(event: DragEvent): void {
  if (hasFiles(event) || !isEditable(event.composedPath()[0])) event.preventDefault();
}

/** Whether files are dragged. */
export const hasFiles = ({ dataTransfer }: DragEvent): boolean =>
  dataTransfer?.types.includes("Files") ?? false;

/** Calls `onFiles` when files are dropped anywhere on the conversation around `element`. */
export function useDroppedFiles(
  element: RefObject<HTMLElement | null>,
  onFiles: (files: readonly File[]) => void,
): void {
  const latest = useRef(onFiles);
  useEffect(() => {
    latest.current = onFiles;
  });
  useEffect(() => {
    const conversation = element.current?.closest<HTMLElement>(".ppc-conversation, .ppc");
    const drop = (event: DragEvent) =>
      hasFiles(event) && latest.current([...(event.dataTransfer?.files ?? [])]);
    conversation?.addEventListener("drop", drop);
    return () => conversation?.removeEventListener("drop", drop);
  }, [element]);
}
