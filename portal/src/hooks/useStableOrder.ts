import { type PointerEvent, useCallback, useEffect, useRef, useState } from "react";
import type { Row } from "../core/inbox/row.js";

/** How long the order stays after the pointer has left, in milliseconds. */
const KEPT_FOR_MS = 1_000;

/** The rows of a list in the order shown. */
export interface StableOrder {
  readonly rows: readonly Row[];
  /** The number of new rows that are not shown yet. */
  readonly waiting: number;
  /** Shows the rows in their current order. */
  release(): void;
  /** Pointer handlers for the list. */
  readonly handlers: {
    onPointerMove(event: PointerEvent): void;
    onPointerDown(event: PointerEvent): void;
    onPointerLeave(): void;
    onPointerUp(event: PointerEvent): void;
    onPointerCancel(): void;
  };
}

/**
 * Keeps the order of `rows` while the pointer is over them, so that a row does not move away from a
 * click. Rows are updated in place, and new ones are held back. A key press ends this: the user
 * works with the keyboard, wherever the pointer is.
 */
export function useStableOrder(
  rows: readonly Row[],
  rowOf: (playerId: string) => Row | undefined,
): StableOrder {
  const [kept, setKept] = useState<readonly Row[] | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(rows);
  useEffect(() => {
    latest.current = rows;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  const isKept = kept !== null;
  useEffect(() => {
    if (!isKept) return;
    const press = () => setKept(null);
    addEventListener("keydown", press, true);
    return () => removeEventListener("keydown", press, true);
  }, [isKept]);

  const hold = useCallback(() => {
    clearTimeout(timer.current);
    setKept((before) => before ?? latest.current);
  }, []);
  const releaseLater = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setKept(null), KEPT_FOR_MS);
  }, []);
  const release = useCallback(() => {
    clearTimeout(timer.current);
    setKept((before) => before && latest.current);
  }, []);
  const handlers = {
    onPointerMove: ({ pointerType }: PointerEvent) => pointerType === "mouse" && hold(),
    onPointerDown: hold,
    onPointerLeave: releaseLater,
    onPointerUp: ({ pointerType }: PointerEvent) => pointerType !== "mouse" && releaseLater(),
    onPointerCancel: releaseLater,
  };
  // An empty list has no order to keep.
  if (kept === null || kept.length === 0) return { rows, waiting: 0, release, handlers };
  const shown = new Set(kept.map(({ playerId }) => playerId));
  return {
    rows: kept.map((row) => rowOf(row.playerId) ?? row),
    waiting: rows.filter(({ playerId }) => !shown.has(playerId)).length,
    release,
    handlers,
  };
}
