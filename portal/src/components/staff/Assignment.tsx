import type { Identity, Session } from "../../core/types.js";
import type { AssignmentState } from "../../hooks/useAssignment.js";
import type { StatusChange } from "../../hooks/useStatusChange.js";
import { SignIn } from "../Connection.js";
import { usePortal } from "../PortalContext.js";
import { TextWithName } from "../TextWithName.js";

interface AssignmentActionsProps {
  /** An open one. */
  readonly session: Session;
  readonly assignment: AssignmentState;
  readonly change: StatusChange;
  readonly userId: string;
  onResolve(): void;
  /** Moves the focus, since the button disappears. */
  onTaken(): void;
  /** Opens the list of colleagues. */
  onGive(): void;
  /** Puts the session back, or opens the list of teams. */
  onPutBack(): void;
}

/** The buttons to take, give, put back and resolve an open session. */
export function AssignmentActions(props: AssignmentActionsProps) {
  const { session, assignment, change, userId, onResolve, onTaken, onGive, onPutBack } = props;
  const { desk, staff } = usePortal().strings;
  const { asked } = assignment;
  const isFree = session.assigneeId === null;
  const isMine = session.assigneeId === userId;
  const isBusy = asked !== null;
  return (
    <div className="ppc-actions">
      {isMine && (
        <button
          type="button"
          className="ppc-button ppc-roomy"
          title={desk.putBackHint}
          aria-disabled={isBusy}
          onClick={onPutBack}
        >
          {asked?.action === "release" ? desk.puttingBack : desk.putBack}
        </button>
      )}
      <button
        type="button"
        className="ppc-button ppc-roomy"
        title={desk.giveHint}
        aria-haspopup="dialog"
        aria-disabled={isBusy}
        onClick={onGive}
      >
        {desk.give}
      </button>
      {isFree && (
        <button
          type="button"
          className="ppc-button ppc-button-main"
          title={desk.takeHint}
          aria-disabled={isBusy}
          onClick={() => {
            assignment.ask({ action: "claim" });
            onTaken();
          }}
        >
          {asked?.action === "claim" ? staff.taking : staff.take}
        </button>
      )}
      <button
        type="button"
        className={isMine ? "ppc-button ppc-button-main" : "ppc-button ppc-wide"}
        aria-disabled={change.asked !== null}
        onClick={onResolve}
      >
        {change.asked === "resolve" ? staff.resolving : staff.resolve}
      </button>
    </div>
  );
}

interface AssigneeProps {
  readonly session: Session;
  readonly userId: string;
  /** Whether a colleague has it who is away. */
  readonly isAway: boolean;
}

/** Who has the open session. */
export function Assignee({ session, userId, isAway }: AssigneeProps) {
  const { desk } = usePortal().strings;
  const { assigneeId, assigneeName } = session;
  if (assigneeId === null) return <span className="ppc-assignee">{desk.free}</span>;
  return (
    <>
      <span className="ppc-assignee">
        {assigneeId === userId ? (
          desk.withYou
        ) : (
          <TextWithName text={desk.withColleague} name={assigneeName ?? assigneeId} />
        )}
      </span>{" "}
      {isAway && <span className="ppc-away">{desk.away}</span>}
    </>
  );
}

interface AssignmentNoticeProps {
  readonly session: Session;
  readonly assignment: AssignmentState;
  readonly identity: Identity;
  /** Moves the focus, since the button disappears. */
  onTaken(): void;
}

/** What has become of the last assignment, or that a colleague has the session. */
export function AssignmentNotice(props: AssignmentNoticeProps) {
  const { session, assignment, identity, onTaken } = props;
  const { desk, staff } = usePortal().strings;
  const { asked, problem, done } = assignment;
  const { subject, name } = identity;
  const { assigneeId } = session;
  const isColleagues = assigneeId !== null && assigneeId !== subject;
  const colleague = session.assigneeName ?? assigneeId ?? staff.colleague;
  switch (problem) {
    case "late":
      return desk.late;
    case "failed":
      return staff.changeFailed;
    case "signedOut":
      return (
        <>
          {staff.changeSignedOut} <SignIn />
        </>
      );
    case "unknownColleague":
      return desk.unknownColleague;
    case "refused":
      return desk.refused;
    case "ended":
      return desk.ended;
    case "colleague":
    case null:
  }
  if (asked?.action === "assign" && asked.assigneeId !== subject)
    return <TextWithName text={desk.giving} name={asked.assigneeName ?? asked.assigneeId} />;
  if (asked?.action === "release") return desk.puttingBack;
  if (done?.action === "release" && assigneeId === null) return desk.putBackDone(session.team);
  if (done !== null && assigneeId === subject) return desk.nowMine;
  if (!isColleagues || session.status === "resolved") return null;
  return (
    <>
      <TextWithName text={problem === null ? desk.holds : staff.takenFirst} name={colleague} />{" "}
      <button
        type="button"
        className="ppc-button"
        aria-disabled={asked !== null}
        onClick={() => {
          assignment.ask({ action: "assign", assigneeId: subject, assigneeName: name });
          onTaken();
        }}
      >
        {asked === null ? desk.takeOver : desk.takingOver}
      </button>
    </>
  );
}
