import {
  NEW_PLAYER_MESSAGE,
  NEW_PLAYER_MESSAGES,
  NOTE_ADDED,
} from "../src/core/realtime/channels.js";
import type { Message, Note } from "../src/core/types.js";
import { digestOf } from "./wire.js";

/** The limits of the staff channel. */
export interface Bounds {
  /** The number of message events a second. */
  readonly most: number;
  /** The number of players in one digest. */
  readonly listed: number;
}

/** Sends players' messages and notes to staff, as a digest beyond the limits, like a broadcaster. */
export class Coalescer {
  readonly #send: (name: string, data: unknown) => void;
  #ends = 0;
  #sent = 0;
  #messages: Message[] = [];
  #notes: Note[] = [];

  constructor(send: (name: string, data: unknown) => void) {
    this.#send = send;
  }

  /** Sends `event`, or adds `message` to the next digest. */
  add(message: Message, event: unknown, bounds: Bounds | null): void {
    if (this.#gathers(bounds)) this.#messages.push(message);
    else this.#send(NEW_PLAYER_MESSAGE, event);
  }

  /** Sends `event`, or adds `note` to the next digest. */
  addNote(note: Note, event: unknown, bounds: Bounds | null): void {
    if (this.#gathers(bounds)) this.#notes.push(note);
    else this.#send(NOTE_ADDED, event);
  }

  /** Whether an event goes into a digest, which is sent later. */
  #gathers(bounds: Bounds | null): boolean {
    if (bounds === null || this.#maySend(bounds.most)) return false;
    if (this.#isEmpty) setTimeout(() => this.#sendDigest(bounds.listed), this.#ends - Date.now());
    return true;
  }

  get #isEmpty(): boolean {
    return this.#messages.length + this.#notes.length === 0;
  }

  #maySend(most: number): boolean {
    if (!this.#isEmpty) return false;
    if (Date.now() >= this.#ends) this.#begin(0);
    this.#sent += 1;
    return this.#sent <= most;
  }

  #sendDigest(listed: number): void {
    this.#begin(1);
    this.#send(NEW_PLAYER_MESSAGES, digestOf(this.#messages, this.#notes, listed));
    this.#messages = [];
    this.#notes = [];
  }

  #begin(sent: number): void {
    this.#ends = Date.now() + 1_000;
    this.#sent = sent;
  }
}
