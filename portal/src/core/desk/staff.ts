import type { Api } from "../api/api.js";
import { type Outcome, succeeded } from "../api/failure.js";
import type { Random } from "../backoff.js";
import { Observable, type Unsubscribe } from "../observable.js";
import { Poller } from "../poller.js";
import type { AvailabilityStatus } from "./availability.js";
import type { Features } from "./features.js";

/** A member of the staff, as the gateway lists them. */
export interface StaffMember {
  readonly id: string;
  readonly name: string | null;
  readonly teams: readonly string[];
  /** `away` also when the member's desk has been closed for a while. */
  readonly status: AvailabilityStatus;
  /** How many open sessions the member has. */
  readonly open: number;
  /** How many the member wants at once; null without a limit of its own. */
  readonly capacity: number | null;
  /** When the member's desk last said so, in microseconds since 1970. */
  readonly seenAt: number;
}

/** The staff, and the teams and tags that the gateway knows. */
export interface StaffList {
  readonly staff: readonly StaffMember[];
  readonly teams: readonly string[];
  readonly tags: readonly string[];
}

const NO_TEAMS: readonly string[] = [];

/** How often an open desk loads the list, in milliseconds: as often as each sends who is away. */
const POLL_MS = 60_000;

/** The members of the staff, their teams and what they have; loaded while it is open. */
export class StaffDirectory extends Observable {
  readonly #api: Api;
  readonly #features: Features;
  readonly #userId: string;
  readonly #poller: Poller;
  #list: StaffList | null = null;
  #failed = false;
  #opened = 0;

  constructor(api: Api, features: Features, userId: string, random: Random) {
    super();
    this.#api = api;
    this.#features = features;
    this.#userId = userId;
    this.#poller = new Poller(
      () => this.load(),
      () => POLL_MS,
      random,
    );
  }

  /** Null until it is loaded once. */
  get list(): StaffList | null {
    return this.#list;
  }

  /** Whether the last load failed. */
  get failed(): boolean {
    return this.#failed;
  }

  /** The teams of a member; empty when they are not known. */
  teamsOf(id: string): readonly string[] {
    return this.#list?.staff.find((member) => member.id === id)?.teams ?? NO_TEAMS;
  }

  /** Whether `id` is a member of the staff who is away; false for the user. */
  isColleagueAway(id: string | null): boolean {
    if (id === null || id === this.#userId) return false;
    const member = this.#list?.staff.find((each) => each.id === id);
    return member !== undefined && member.status !== "online";
  }

  /** Loads the list, and again from time to time, until the returned function is called. */
  open(): Unsubscribe {
    this.#opened += 1;
    if (this.#opened === 1) this.#poller.start();
    const leave = this.#features.subscribe(() => this.refresh());
    return () => {
      leave();
      this.#opened -= 1;
      if (this.#opened === 0) this.#poller.stop();
    };
  }

  /** Loads the list now: the user wants to see who is there. */
  refresh(): void {
    this.#poller.nudge();
  }

  /** Loads the list once; the value is null where the gateway has none. */
  async load(): Promise<Outcome<StaffList | null>> {
    if (!this.#features.teamDesk) return succeeded(null);
    const outcome = await this.#api.staff();
    this.#failed = !outcome.ok;
    if (outcome.ok) this.#list = outcome.value;
    this.changed();
    return outcome;
  }
}
