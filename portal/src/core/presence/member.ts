import { readableName } from "../readable.js";
import type { SenderType } from "../types.js";

/** A member of a conversation's presence channel: the player, or one of the staff. */
export interface Member {
  /** `player`, or an id of a member of staff that the gateway derives from the token's `sub`. */
  readonly id: string;
  readonly role: SenderType;
  /** Null when the token has no name. */
  readonly name: string | null;
}

/** Parses the `user_info` of the member `id`; null when it is invalid. */
export function parseMember(id: string, info: unknown): Member | null {
  if (typeof info !== "object" || info === null || !("role" in info)) return null;
  const { role } = info;
  if (role !== "player" && role !== "staff") return null;
  const name = "name" in info && typeof info.name === "string" ? info.name : null;
  return { id, role, name: readableName(name) };
}
