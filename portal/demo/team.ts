import type { SimulatedSystem } from "../simulation/index.js";
import type { Assignment } from "../src/core/desk/assignment.js";
import type { Session } from "../src/core/types.js";

/** The teams of the demo's staff; each is a topic of players as well. */
export const TEAMS: readonly string[] = ["payments", "accounts", "appeals"];

/** Staffs the desk with three colleagues, and gives them and Ada some of the conversations. */
export function staffDesk(system: SimulatedSystem): void {
  const { desk } = system;
  desk.enabled = true;
  desk.teams = TEAMS;
  desk.add("ada", "Ada Lovelace", { teams: ["payments", "accounts"], seenAt: 0 });
  desk.add("grace", "Grace Hopper", { teams: ["appeals"], capacity: 5 });
  desk.add("alan", "Alan Turing", { teams: ["payments"], capacity: 3 });
  desk.add("katherine", "Katherine Johnson", { status: "away", teams: ["accounts"] });
  assign(system, "bo-1815", { action: "assign", assigneeId: "ada", assigneeName: "Ada Lovelace" });
  assign(system, "p-3388", { action: "assign", assigneeId: "ada", assigneeName: "Ada Lovelace" });
  assign(system, "mika-77", {
    ...{ action: "assign", assigneeId: "grace", assigneeName: "Grace Hopper" },
  });
  assign(system, "p-0071", { action: "release", team: "payments" });
  assign(system, "p-4412", { action: "release", team: "accounts" });
  change(system, "p-0071", { priority: "urgent" });
  change(system, "lena.k", { priority: "low" });
  change(system, "p-4412", { priority: "high" });
}

function assign(system: SimulatedSystem, playerId: string, assignment: Assignment): void {
  const actor = { actorId: "grace", actorName: "Grace Hopper" };
  const changeId = crypto.randomUUID();
  system.store.assign({ ...assignment, ...actor, playerId, changeId, at: system.now() });
}

/** Changes a stored session, as an earlier change of staff has. */
function change(system: SimulatedSystem, playerId: string, facts: Partial<Session>): void {
  const conversation = system.store.conversation(playerId);
  if (conversation.session !== null) conversation.session = { ...conversation.session, ...facts };
}
