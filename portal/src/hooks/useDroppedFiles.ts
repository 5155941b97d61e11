import { type RefObject, useEffect, useRef } from "react";
import { isEditable } from "./useShortcuts.js";

/** Keeps the browser from opening what is dropped in the page's place; text may go into a field. */
export function refuseDrop(event: DragEvent): void {
  if (bringsFiles(event) || !isEditable(event.composedPath()[0])) event.preventDefault();
}

const bringsFiles = ({ dataTransfer }: DragEvent): boolean =>
  dataTransfer?.types.includes("Files") ?? false;

/** Calls `onFiles` when files are dropped anywhere on the portal that `element` is in. */
export function useDroppedFiles(element: RefObject<HTMLElement | null>, onFiles: () => void): void {
  const latest = useRef(onFiles);
  useEffect(() => {
    latest.current = onFiles;
  });
  useEffect(() => {
    const portal = element.current?.closest<HTMLElement>(".ppc");
    const drop = (event: DragEvent) => bringsFiles(event) && latest.current();
    portal?.addEventListener("drop", drop);
    return () => portal?.removeEventListener("drop", drop);
  }, [element]);
}
