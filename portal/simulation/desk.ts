import { AVAILABILITIES, type AvailabilityStatus } from "../src/core/desk/availability.js";
import type { Store } from "./store.js";
import { json, problem, rfc3339 } from "./wire.js";

/** A member of the staff, as the database has them. */
export interface StoredStaff {
  readonly id: string;
  readonly name: string | null;
  readonly teams: readonly string[];
  readonly status: AvailabilityStatus;
  readonly capacity: number | null;
  /** When the desk last sent it, in milliseconds since 1970. */
  readonly seenAt: number;
}

/** A member whose desk is silent for longer counts as away, in milliseconds. */
const GONE_MS = 150_000;

/** What the gateway answers about the staff. */
export class SimulatedDesk {
  /** Whether staff assigns conversations: `TEAM_DESK`. */
  enabled = false;
  teams: readonly string[] = [];
  tags: readonly string[] = [];
  readonly staff = new Map<string, StoredStaff>();
  /** The availabilities that arrived, whether or not they were accepted. */
  readonly availabilities: { staffId: string; status: string; capacity: number | null }[] = [];

  /** Adds a member who is at the desk all the time. */
  add(id: string, name: string, more: Partial<StoredStaff> = {}): void {
    const seenAt = Number.POSITIVE_INFINITY;
    const base = { id, name, teams: [], status: "online", capacity: null, seenAt } as const;
    this.staff.set(id, { ...base, ...more });
  }

  setAvailability(staffId: string, name: string | null, body: unknown): Response {
    const { status, capacity = null } = body as { status: string; capacity?: number | null };
    this.availabilities.push({ staffId, status, capacity });
    const known = AVAILABILITIES.find((each) => each === status);
    if (known === undefined) return problem(400, "invalid-field");
    const before = this.staff.get(staffId);
    const seenAt = Date.now();
    this.staff.set(staffId, {
      ...{ id: staffId, name: name ?? before?.name ?? null, teams: before?.teams ?? [] },
      ...{ status: known, capacity, seenAt },
    });
    return json(202, { success: true, acceptedAt: rfc3339(seenAt * 1000), status: "accepted" });
  }

  list(store: Store): Response {
    const staff = [...this.staff.values()].map(({ seenAt, name, capacity, ...member }) => ({
      ...member,
      ...(name === null ? {} : { name }),
      ...(capacity === null ? {} : { capacity }),
      status: Date.now() - seenAt > GONE_MS ? "away" : member.status,
      open: store.inbox(["pending", "active"], "latest", member.id).length,
      seenAt: rfc3339(Math.min(Date.now(), seenAt) * 1000),
    }));
    return json(200, { staff, teams: this.teams, tags: this.tags });
  }
}
