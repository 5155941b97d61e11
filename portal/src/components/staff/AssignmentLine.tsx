import { memo } from "react";
import type { AssignmentChange } from "../../core/desk/assignmentLog.js";
import { useToday } from "../../hooks/useToday.js";
import type { Strings } from "../../strings/en.js";
import { usePortal } from "../PortalContext.js";

interface AssignmentLineProps {
  readonly change: AssignmentChange;
  /** Whether it is the first of its day. */
  readonly isNewDay: boolean;
}

/** A line among the messages: who took, gave or put back the conversation, and when. */
export const AssignmentLine = memo(function AssignmentLine(props: AssignmentLineProps) {
  const { change, isNewDay } = props;
  const { strings, formats } = usePortal();
  const today = useToday();
  const { at } = change;
  return (
    <div className="ppc-row ppc-row-first">
      {isNewDay && <p className="ppc-divider ppc-divider-day">{formats.day(at, today)}</p>}
      <p className="ppc-divider ppc-assignment-line">
        <bdi>{textOf(change, strings)}</bdi>
        {" · "}
        <time dateTime={new Date(at / 1000).toISOString()} title={formats.full(at)}>
          <bdi>{formats.time(at)}</bdi>
        </time>
      </p>
    </div>
  );
});

function textOf(change: AssignmentChange, { desk: { lines } }: Strings): string {
  const { actorId, assigneeId } = change;
  const actor = change.actorName ?? actorId;
  const assignee = change.assigneeName ?? assigneeId;
  if (assignee === null) return actor === null ? lines.isBack : lines.putBack(actor);
  if (actor === null) return lines.assigned(assignee);
  return actorId === assigneeId ? lines.took(assignee) : lines.gave(actor, assignee);
}
