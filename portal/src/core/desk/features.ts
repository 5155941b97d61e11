import { type AttachmentsConfig, attachmentsOf, type PortalConfig } from "../config.js";
import { Observable } from "../observable.js";

/**
 * What the gateway offers beyond the chat itself: as on the last visit until its configuration is
 * known, so that the desk does not change its tabs while it opens.
 */
export class Features extends Observable {
  readonly #key: string;
  readonly #storage: Storage | null;
  #isKnown = false;
  #teamDesk = false;
  #topics: readonly string[] = [];
  #attachments: AttachmentsConfig | null = null;

  /** `scope` separates the gateways of one browser. */
  constructor(scope: string, storage: Storage | null) {
    super();
    this.#key = `player-portal-chat/features/${scope}`;
    this.#storage = storage;
    try {
      this.#teamDesk = storage?.getItem(this.#key) === "teamDesk";
    } catch {
      // Storage is unreadable: nothing is known before the configuration.
    }
  }

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

  /** The files that messages may have; null where the gateway takes none. */
  get attachments(): AttachmentsConfig | null {
    return this.#attachments;
  }

  configure(config: PortalConfig): void {
    const { teamDesk = false, topics = [] } = config;
    this.#isKnown = true;
    this.#attachments = attachmentsOf(config);
    this.#teamDesk = teamDesk;
    this.#topics = teamDesk ? topics : [];
    try {
      if (teamDesk) this.#storage?.setItem(this.#key, "teamDesk");
      else this.#storage?.removeItem(this.#key);
    } catch {
      // Storage is full: the next visit begins without.
    }
    this.changed();
  }
}
