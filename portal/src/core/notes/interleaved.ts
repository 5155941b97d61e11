import type { Entry, Timeline } from "../conversation/timeline.js";
import { isPlaced, keyOf, type NoteEntry } from "./noteEntry.js";

/** A message or a note, as the list of a conversation shows it. */
export type Item =
  | { readonly kind: "message"; readonly entry: Entry; readonly index: number }
  | { readonly kind: "note"; readonly entry: NoteEntry };

/**
 * Messages and notes in the order of time. Messages keep their numbers, which the rest of the list
 * counts by; nothing is copied, so that a long conversation costs no more than a short one.
 */
export class Interleaved {
  readonly #timeline: Timeline;
  readonly #notes: readonly NoteEntry[];
  /** The place of each note in the list. */
  readonly #places: readonly number[];

  constructor(timeline: Timeline, notes: readonly NoteEntry[]) {
    this.#timeline = timeline;
    this.#notes = notes;
    this.#places = notes.map((note, number) => {
      const before = isPlaced(note) ? timeline.countBefore(keyOf(note)) : timeline.length;
      return before + number;
    });
  }

  get length(): number {
    return this.#timeline.length + this.#notes.length;
  }

  at(place: number): Item | undefined {
    const notesBefore = this.#notesBefore(place);
    const note = this.#notes[notesBefore];
    if (note !== undefined && this.#places[notesBefore] === place)
      return { kind: "note", entry: note };
    const index = place - notesBefore;
    const entry = this.#timeline.at(index);
    return entry === undefined ? undefined : { kind: "message", entry, index };
  }

  /** The number of notes above `place`. */
  #notesBefore(place: number): number {
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

/** The id of an item. */
export const idOf = ({ kind, entry }: Item): string =>
  kind === "note" ? entry.noteId : entry.messageId;
