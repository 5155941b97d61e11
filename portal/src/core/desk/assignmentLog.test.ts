import { expect, test } from "vitest";
import type { Session } from "../types.js";
import { AssignmentLog } from "./assignmentLog.js";

const FREE: Session = {
  ...{ id: "s1", playerId: "p1", playerName: null, status: "pending", openedAt: 1 },
  ...{ lastMessageAt: 1, resolvedAt: null, actorId: null, actorName: null },
  ...{ assigneeId: null, assigneeName: null, assignedAt: null, team: null, tags: [] },
  ...{ priority: "normal", language: null, version: 1 },
};
const held = (assigneeId: string, assignedAt: number, version: number): Session => ({
  ...FREE,
  ...{ status: "active", assigneeId, assignedAt, actorId: assigneeId, version },
});

/** The changes after `sessions`, each received at 100: the assignee and the time. */
function changesOf(...sessions: Session[]): [string | null, number][] {
  const log = new AssignmentLog();
  for (const session of sessions) log.take(session, 100);
  return log.of("p1").map(({ assigneeId, at }) => [assigneeId, at]);
}

test("the log has who took a session and that it was put back, and no other change", () => {
  expect(changesOf(FREE)).toEqual([]);
  const putBack = { ...FREE, version: 4 };
  const tagged = { ...held("ada", 10, 3), tags: ["vip"] };
  expect(changesOf(FREE, held("ada", 10, 2), tagged, putBack, held("grace", 200, 5))).toEqual([
    ["ada", 10],
    [null, 100],
    ["grace", 200],
  ]);
  const resolved = { ...held("ada", 10, 3), status: "resolved" } as const;
  const next = { ...FREE, id: "s2", openedAt: 50 };
  expect(changesOf(held("ada", 10, 2), resolved, next)).toEqual([["ada", 10]]);
});

test("a claim that was accepted earlier and is stored later replaces the later one", () => {
  expect(changesOf(FREE, held("ada", 12, 2), held("grace", 11, 3), held("ada", 12, 2))).toEqual([
    ["grace", 11],
  ]);
});
