import { type KeyboardEvent, useEffect, useState } from "react";
import type { Assignment } from "../../core/desk/assignment.js";
import type { StaffDirectory, StaffMember } from "../../core/desk/staff.js";
import type { Session } from "../../core/types.js";
import { useObservable } from "../../hooks/useObservable.js";
import { Avatar } from "../Avatar.js";
import { Dialog } from "../Dialog.js";
import { usePortal } from "../PortalContext.js";
import { TextWithName } from "../TextWithName.js";
import { AvailabilityDot } from "./Availability.js";

interface GiveProps {
  readonly directory: StaffDirectory;
  readonly session: Session;
  readonly userId: string;
  onAssign(assignment: Assignment): void;
  onClose(): void;
}

/** With more members than this the list has a search. */
const SEARCH_FROM = 8;

/** Lists the colleagues to whom the session can be given. */
export function Give({ directory, session, userId, onAssign, onClose }: GiveProps) {
  useObservable(directory);
  const { desk, delivery } = usePortal().strings;
  const [query, setQuery] = useState("");
  /** The colleague who is away and whom the user has chosen. */
  const [doubtful, setDoubtful] = useState<StaffMember | null>(null);
  useEffect(() => directory.refresh(), [directory]);
  const { list } = directory;
  const others = (list?.staff ?? [])
    .filter(({ id }) => id !== userId && id !== session.assigneeId)
    .sort(bySuitability(session.team));
  const wanted = query.trim().toLowerCase();
  const found = others.filter(({ id, name }) =>
    [id, name ?? ""].some((text) => text.toLowerCase().includes(wanted)),
  );
  const give = ({ id, name }: StaffMember) => {
    onAssign({ action: "assign", assigneeId: id, assigneeName: name });
    onClose();
  };
  if (doubtful !== null)
    return (
      <Dialog key="doubt" title={desk.giveTitle} onClose={onClose}>
        <div className="ppc-choices">
          <p role="alert">
            <TextWithName text={desk.isAway} name={doubtful.name ?? doubtful.id} />
          </p>
          <div className="ppc-choices-answers">
            <button type="button" className="ppc-button" onClick={() => give(doubtful)}>
              {desk.giveAnyway}
            </button>
            <button
              type="button"
              className="ppc-button ppc-button-main"
              ref={focusFirst}
              onClick={() => setDoubtful(null)}
            >
              {desk.giveOther}
            </button>
          </div>
        </div>
      </Dialog>
    );
  return (
    <Dialog key="list" title={desk.giveTitle} onClose={onClose}>
      <div className="ppc-choices">
        {others.length > SEARCH_FROM && (
          <input
            type="search"
            className="ppc-choices-search"
            ref={focusFirst}
            value={query}
            aria-label={desk.giveSearch}
            placeholder={desk.giveSearch}
            onChange={(event) => setQuery(event.target.value)}
          />
        )}
        <ul onKeyDown={stepWithArrows}>
          {found.map((member, index) => (
            <li key={member.id}>
              <button
                type="button"
                className="ppc-choice"
                ref={index === 0 && others.length <= SEARCH_FROM ? focusFirst : null}
                onClick={() => (member.status === "online" ? give(member) : setDoubtful(member))}
              >
                <Member member={member} />
              </button>
            </li>
          ))}
        </ul>
        {list === null && (
          <p className="ppc-note" role="status">
            {directory.failed ? desk.staffUnavailable : desk.staffLoading}{" "}
            {directory.failed && (
              <button type="button" className="ppc-link" onClick={() => directory.refresh()}>
                {delivery.tryAgain}
              </button>
            )}
          </p>
        )}
        {list !== null && others.length === 0 && <p className="ppc-note">{desk.giveNone}</p>}
      </div>
    </Dialog>
  );
}

function Member({ member }: { member: StaffMember }) {
  const { desk } = usePortal().strings;
  const { id, name, status, open, capacity, teams } = member;
  return (
    <>
      <Avatar id={id} name={name} />
      <span className="ppc-choice-name">
        <bdi>{name ?? id}</bdi>
        <span className="ppc-choice-more">
          <AvailabilityDot status={status} /> {desk.statuses[status]}
          {teams.length > 0 && (
            <>
              {" · "}
              <bdi>{teams.join(", ")}</bdi>
            </>
          )}
        </span>
      </span>
      <span className="ppc-choice-count">{desk.open(open, capacity)}</span>
    </>
  );
}

interface PutBackProps {
  readonly teams: readonly string[];
  readonly session: Session;
  onAssign(assignment: Assignment): void;
  onClose(): void;
}

/** Lists the teams to whose pile the session can go back. */
export function PutBack({ teams, session, onAssign, onClose }: PutBackProps) {
  const { desk } = usePortal().strings;
  // First the team in whose pile it was.
  const offered = [...teams].sort(
    (a, b) => Number(b === session.team) - Number(a === session.team),
  );
  const putBack = (team: string | null) => {
    onAssign({ action: "release", team });
    onClose();
  };
  return (
    <Dialog title={desk.putBackTitle} onClose={onClose}>
      <div className="ppc-choices">
        <ul onKeyDown={stepWithArrows}>
          {offered.map((team, index) => (
            <li key={team}>
              <button
                type="button"
                className="ppc-choice"
                ref={index === 0 ? focusFirst : null}
                onClick={() => putBack(team)}
              >
                <bdi>{team}</bdi>
                {team === session.team && <span className="ppc-choice-more">{desk.teamNow}</span>}
              </button>
            </li>
          ))}
          {session.team === null && (
            <li>
              <button type="button" className="ppc-choice" onClick={() => putBack(null)}>
                {desk.noTeam}
              </button>
            </li>
          )}
        </ul>
      </div>
    </Dialog>
  );
}

/** A dialog focuses the element with this attribute, which React does not write. */
const focusFirst = (element: HTMLElement | null) => element?.setAttribute("autofocus", "");

/** Moves the focus between the buttons of a list. */
function stepWithArrows(event: KeyboardEvent<HTMLElement>): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>("button")];
  const index = buttons.findIndex((button) => button.contains(event.target as Node));
  buttons[(index + by + buttons.length) % buttons.length]?.focus();
}

/** Those of the team come first, then those who take conversations and have the least of them. */
function bySuitability(team: string | null): (a: StaffMember, b: StaffMember) => number {
  const rank = ({ teams, status, open, capacity }: StaffMember) => [
    Number(status !== "online"),
    Number(team !== null && !teams.includes(team)),
    Number(capacity !== null && open >= capacity),
    open,
  ];
  return (a, b) => {
    const [left, right] = [rank(a), rank(b)];
    const difference = left.map((each, index) => each - (right[index] ?? 0)).find(Boolean);
    return difference ?? (a.name ?? a.id).localeCompare(b.name ?? b.id);
  };
}
