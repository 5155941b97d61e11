import { type PointerEvent, useCallback, useEffect, useRef, useState } from "react";
import type { Row } from "../core/inbox/row.js";

/** So long after the pointer has left, the order stays as it is, in milliseconds. */
const HELD_FOR_MS = 1_000;

/** The rows of a list in the order in which they are shown. */
export interface StableOrder {
  readonly rows: readonly Row[];
  /** How many rows are not shown yet, because the order is held. */
  readonly waiting: number;
  /** Shows the rows as they are now. */
  release(): void;
  /** What the list does with the pointer. */
  readonly handlers: {
    onPointerMove(event: PointerEvent): void;
    onPointerDown(event: PointerEvent): void;
    onPointerLeave(): void;
    onPointerUp(event: PointerEvent): void;
    onPointerCancel(): void;
  };
}

/**
 * Keeps the order of `rows` for as long as the pointer is over them: what the reader is about to click
 * does not move away. Rows change in their places, and new ones wait. Keys show them as they are: then
 * the pointer only lies there.
 */
export function useStableOrder(
  rows: readonly Row[],
  rowOf: (playerId: string) => Row | undefined,
): StableOrder {
  const [held, setHeld] = useState<readonly Row[] | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(rows);
  useEffect(() => {
    latest.current = rows;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  const isHeld = held !== null;
  useEffect(() => {
    if (!isHeld) return;
    const press = () => setHeld(null);
    addEventListener("keydown", press, true);
    return () => removeEventListener("keydown", press, true);
  }, [isHeld]);

  const hold = useCallback(() => {
    clearTimeout(timer.current);
    setHeld((before) => before ?? latest.current);
  }, []);
  const letGo = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setHeld(null), HELD_FOR_MS);
  }, []);
  const release = useCallback(() => {
    clearTimeout(timer.current);
    setHeld((before) => before && latest.current);
  }, []);
  const handlers = {
    onPointerMove: ({ pointerType }: PointerEvent) => pointerType === "mouse" && hold(),
    onPointerDown: hold,
    onPointerLeave: letGo,
    onPointerUp: ({ pointerType }: PointerEvent) => pointerType !== "mouse" && letGo(),
    onPointerCancel: letGo,
  };
  // An empty list has nothing to hold on to.
  if (held === null || held.length === 0) return { rows, waiting: 0, release, handlers };
  const shown = new Set(held.map(({ playerId }) => playerId));
  return {
    rows: held.map((row) => rowOf(row.playerId) ?? row),
    waiting: rows.filter(({ playerId }) => !shown.has(playerId)).length,
    release,
    handlers,
  };
}
