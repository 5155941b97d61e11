import { type RefObject, useEffect, useState } from "react";
import { hasFiles } from "./useDroppedFiles.js";

/** Whether files are dragged over the portal around `element`. */
export function useFileDrag(element: RefObject<HTMLElement | null>): boolean {
  const [isDragging, setDragging] = useState(false);
  useEffect(() => {
    const portal = element.current?.closest<HTMLElement>(".ppc");
    if (!portal) return;
    const enter = (event: DragEvent) => hasFiles(event) && setDragging(true);
    const leave = ({ relatedTarget }: DragEvent) => {
      if (!(relatedTarget instanceof Node && portal.contains(relatedTarget))) setDragging(false);
    };
    const end = () => setDragging(false);
    portal.addEventListener("dragenter", enter);
    portal.addEventListener("dragleave", leave);
    portal.addEventListener("drop", end);
    return () => {
      portal.removeEventListener("dragenter", enter);
      portal.removeEventListener("dragleave", leave);
      portal.removeEventListener("drop", end);
      setDragging(false);
    };
  }, [element]);
  return isDragging;
}
