import type { Entry, Timeline } from "../conversation/timeline.js";
import type { AssignmentChange } from "../desk/assignmentLog.js";
import type { SortKey } from "../order.js";
import { isPlaced, type NoteEntry } from "./noteEntry.js";

/** What is shown among the messages. */
export type Aside = NoteEntry | AssignmentChange;

/** A message or an aside, as the list of a conversation shows it. */
export type Item =
  | { readonly kind: "message"; readonly entry: Entry; readonly index: number }
  | { readonly kind: "aside"; readonly entry: Aside };

/**
 * Messages and asides in the order of time. Messages keep their numbers, which the rest of the list
 * counts by; no message is copied, so that a long conversation costs no more than a short one.
 */
export class Interleaved {
  readonly #timeline: Timeline;
  readonly #asides: readonly Aside[];
  /** The place of each aside in the list. */
  readonly #places: readonly number[];

  /** `asides` are in order; unsent notes come last. */
  constructor(timeline: Timeline, asides: readonly Aside[]) {
    this.#timeline = timeline;
    this.#asides = asides;
    this.#places = asides.map((aside, number) => {
      const before = isUnsent(aside) ? timeline.length : timeline.countBefore(keyOf(aside));
      return before + number;
    });
  }

  get length(): number {
    return this.#timeline.length + this.#asides.length;
  }

  at(place: number): Item | undefined {
    const asidesBefore = this.#asidesBefore(place);
    const aside = this.#asides[asidesBefore];
    if (aside !== undefined && this.#places[asidesBefore] === place)
      return { kind: "aside", entry: aside };
    const index = place - asidesBefore;
    const entry = this.#timeline.at(index);
    return entry === undefined ? undefined : { kind: "message", entry, index };
  }

  /** The number of asides above `place`. */
  #asidesBefore(place: number): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#places[middle] ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Whether it is a note that is not accepted yet. */
export const isUnsent = (aside: Aside): boolean => "delivery" in aside && !isPlaced(aside);

/** The place of an aside among messages and other asides. */
export const keyOf = (aside: Aside): SortKey => ({ at: aside.at, messageId: idOfAside(aside) });

const idOfAside = (aside: Aside): string => ("noteId" in aside ? aside.noteId : aside.changeKey);

/** The id of an item. */
export const idOf = ({ kind, entry }: Item): string =>
  kind === "aside" ? idOfAside(entry) : entry.messageId;
