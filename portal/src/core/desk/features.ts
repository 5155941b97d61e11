import type { PortalConfig } from "../config.js";
import { Observable } from "../observable.js";

/** What the gateway offers beyond the chat itself; nothing until its configuration is known. */
export class Features extends Observable {
  #isKnown = false;
  #teamDesk = false;
  #topics: readonly string[] = [];

  /** Whether the gateway's configuration is known. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Whether staff assigns conversations to its members. */
  get teamDesk(): boolean {
    return this.#teamDesk;
  }

  /** What a player's first message can be about: the ids of teams. */
  get topics(): readonly string[] {
    return this.#topics;
  }

  configure({ teamDesk = false, topics = [] }: PortalConfig): void {
    this.#isKnown = true;
    this.#teamDesk = teamDesk;
    this.#topics = teamDesk ? topics : [];
    this.changed();
  }
}
