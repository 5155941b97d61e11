import type { Api } from "../api/api.js";
import { type Outcome, succeeded } from "../api/failure.js";
import type { Random } from "../backoff.js";
import type { Clock } from "../clock.js";
import { actorOf } from "../inbox/changeStatus.js";
import { Observable, type Unsubscribe } from "../observable.js";
import { Poller } from "../poller.js";
import type { Identity } from "../types.js";
import type { Features } from "./features.js";
import type { StaffDirectory, StaffList } from "./staff.js";

/** All availabilities, in the order in which the desk offers them. */
export const AVAILABILITIES = ["online", "away", "reassign"] as const;

/**
 * - `online`: takes new conversations
 * - `away`: takes no new ones and keeps those of the member
 * - `reassign`: takes no new ones, and those in which the player waits go back to the pile
 */
export type AvailabilityStatus = (typeof AVAILABILITIES)[number];

/** What a member of the staff has set. */
export interface Availability {
  readonly status: AvailabilityStatus;
  /** How many conversations the member wants at once; null for the system's default. */
  readonly capacity: number | null;
}

/** The largest capacity that the gateway accepts. */
export const MAX_CAPACITY = 1_000;

/** How often an open desk repeats it, in milliseconds: the gateway forgets it after 150 seconds. */
const REPEAT_MS = 60_000;
/** A tab leaves it to another that has sent it this recently, in milliseconds. */
const SENT_MS = 45_000;

/** What another device has set counts while it is not older, in microseconds. */
const SEEN_US = 150 * 1e6;

/** What the tabs of one user share in local storage. */
interface Stored extends Availability {
  /** When a tab last sent it, in milliseconds since 1970; 0 before. */
  readonly sentAt: number;
}

const INITIAL: Stored = { status: "online", capacity: null, sentAt: 0 };

export interface AvailabilityParts {
  readonly api: Api;
  readonly features: Features;
  readonly directory: StaffDirectory;
  readonly clock: Clock;
  readonly identity: Identity;
  readonly storage: Storage | null;
  /** Separates the users and systems of one browser. */
  readonly scope: string;
  readonly random: Random;
}

/**
 * Whether the user takes conversations. It is sent when the desk opens, on each change and again and
 * again while the desk is open; all tabs of the user share it, and it survives a reload. What the
 * user has set on another device replaces it before it is sent, unless the user has just changed it
 * here.
 */
export class OwnAvailability extends Observable {
  readonly #parts: AvailabilityParts;
  readonly #key: string;
  readonly #poller: Poller;
  #current: Stored;
  /** Whether the gateway lacks the last change. */
  #isUnsent = true;
  /** Whether the user has made that change here. */
  #isChosen = false;
  #failed = false;
  /** What the gateway has, as far as this tab knows. */
  #inForce: Availability | null = null;
  /** When the gateway last accepted one of this tab, in microseconds since 1970. */
  #acceptedAt = 0;

  constructor(parts: AvailabilityParts) {
    super();
    this.#parts = parts;
    this.#key = `player-portal-chat/availability/${parts.scope}`;
    this.#current = this.#load();
    this.#poller = new Poller(
      () => this.#send(),
      () => REPEAT_MS,
      parts.random,
    );
  }

  get current(): Availability {
    return this.#current;
  }

  /** What is in force: the user's last choice is not before the gateway has it. */
  get inForce(): Availability {
    return this.#inForce ?? this.#current;
  }

  /** Whether the user's last choice is not in force yet. */
  get isSaving(): boolean {
    return this.#isUnsent && (this.#isChosen || this.#failed);
  }

  /** Whether the gateway does not have it, and the last attempt to send it has failed. */
  get failed(): boolean {
    return this.#failed && this.#isUnsent;
  }

  /** Sends it until the returned function is called. */
  open(): Unsubscribe {
    const receive = ({ key }: StorageEvent) => {
      if (key !== this.#key) return;
      const { sentAt } = this.#current;
      this.#current = this.#load();
      if (this.#current.sentAt !== sentAt) this.#inForce = this.#current;
      this.changed();
    };
    globalThis.addEventListener?.("storage", receive);
    const leave = this.#parts.features.subscribe(() => this.#poller.nudge());
    this.#isUnsent = true;
    this.#poller.start();
    return () => {
      leave();
      globalThis.removeEventListener?.("storage", receive);
      this.#poller.stop();
    };
  }

  set({ status, capacity }: Availability): void {
    this.#isUnsent = true;
    this.#isChosen = true;
    this.#store({ status, capacity, sentAt: this.#current.sentAt });
    this.#poller.nudge();
  }

  async #send(): Promise<Outcome<null>> {
    if (!this.#parts.features.teamDesk) return succeeded(null);
    const { sentAt } = this.#current;
    if (!this.#isUnsent && Date.now() - sentAt < SENT_MS) return succeeded(null);
    const { api, identity, directory } = this.#parts;
    if (!this.#isChosen) {
      const listed = await directory.load();
      if (listed.ok && listed.value !== null) this.#adopt(listed.value);
      else if (!listed.ok && this.#inForce === null && !this.#isChosen) {
        // What another device has set is not overwritten unseen.
        this.#failed = true;
        this.changed();
        return listed;
      }
    }
    const { status, capacity } = this.#current;
    const outcome = await api.setAvailability({ status, capacity, ...actorOf(identity) });
    this.#failed = !outcome.ok;
    const isCurrent = this.#current.status === status && this.#current.capacity === capacity;
    if (outcome.ok && isCurrent) {
      this.#isUnsent = false;
      this.#isChosen = false;
      this.#inForce = { status, capacity };
      this.#acceptedAt = outcome.value;
      this.#store({ status, capacity, sentAt: Date.now() });
    } else this.changed();
    return outcome.ok ? succeeded(null) : outcome;
  }

  /** Takes over what the user has set on another device, unless the user has changed it here. */
  #adopt({ staff }: StaffList): void {
    const { identity, clock } = this.#parts;
    const own = staff.find(({ id }) => id === identity.subject);
    if (own === undefined || this.#isChosen || own.seenAt < this.#acceptedAt) return;
    if (clock.now() * 1000 - own.seenAt > SEEN_US) return;
    const { status, capacity } = own;
    this.#inForce = { status, capacity };
    this.#store({ status, capacity, sentAt: this.#current.sentAt });
  }

  #store(next: Stored): void {
    this.#current = next;
    try {
      this.#parts.storage?.setItem(this.#key, JSON.stringify(next));
    } catch {
      // Without storage it lasts as long as the tab.
    }
    this.changed();
  }

  #load(): Stored {
    try {
      const kept: unknown = JSON.parse(this.#parts.storage?.getItem(this.#key) ?? "null");
      return parseStored(kept) ?? this.#current ?? INITIAL;
    } catch {
      return this.#current ?? INITIAL;
    }
  }
}

/** Parses what a tab has stored; null when it is invalid. */
function parseStored(value: unknown): Stored | null {
  if (typeof value !== "object" || value === null) return null;
  const { status, capacity, sentAt } = value as Record<string, unknown>;
  const known = AVAILABILITIES.find((each) => each === status);
  if (known === undefined || typeof sentAt !== "number") return null;
  return { status: known, capacity: typeof capacity === "number" ? capacity : null, sentAt };
}
