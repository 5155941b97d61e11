import { useCallback, useEffect, useRef, useState } from "react";
import type { Inbox } from "../../core/inbox/inbox.js";
import type { Row } from "../../core/inbox/row.js";
import { useSteady } from "../../hooks/useSteady.js";
import type { Strings } from "../../strings/en.js";
import { Icon } from "../Icon.js";
import { usePortal } from "../PortalContext.js";

/** A conversation that the user got or lost by another member of the staff, or by the system. */
export interface HandOver {
  readonly kind: "given" | "taken";
  /** The conversation just after it. */
  readonly row: Row;
}

/** More than these are not shown at once; the latest are. */
const MOST_SHOWN = 3;

/** The hand-overs that are neither out of date nor dismissed, the latest last. */
interface HandOverNews {
  /** Of the chosen conversation. */
  readonly here: readonly HandOver[];
  /** Of all others. */
  readonly elsewhere: readonly HandOver[];
  dismiss(playerId: string): void;
}

/** Collects the hand-overs. One of the chosen conversation ends when another is chosen. */
export function useHandOvers(inbox: Inbox, userId: string, chosen: string | null): HandOverNews {
  const [all, setAll] = useState<readonly HandOver[]>([]);
  const dismiss = useCallback(
    (playerId: string) => setAll((before) => before.filter(({ row }) => row.playerId !== playerId)),
    [],
  );
  useEffect(() => {
    const add = (kind: HandOver["kind"]) => (row: Row) =>
      setAll((before) => [
        ...before.filter((other) => other.row.playerId !== row.playerId),
        { kind, row },
      ]);
    const ends = [inbox.own.onGiven(add("given")), inbox.own.onTaken(add("taken"))];
    return () => {
      for (const end of ends) end();
    };
  }, [inbox]);
  const before = useRef(chosen);
  useEffect(() => {
    if (before.current !== null && before.current !== chosen) dismiss(before.current);
    before.current = chosen;
  }, [chosen, dismiss]);

  const valid = all.flatMap((handOver) => {
    const now = inbox.row(handOver.row.playerId);
    const isMine = now?.session?.assigneeId === userId && now.status !== "resolved";
    if (isMine !== (handOver.kind === "given")) return [];
    // A page of the inbox does not say who did it; the event, which may come later, does.
    const isSame = now?.session?.version === handOver.row.session?.version;
    return [isSame && now !== undefined ? { ...handOver, row: now } : handOver];
  });
  return {
    here: valid.filter(({ row }) => row.playerId === chosen),
    elsewhere: valid.filter(({ row }) => row.playerId !== chosen).slice(-MOST_SHOWN),
    dismiss,
  };
}

/** What happened, with the names of all whom it concerns. */
export function handOverText({ kind, row }: HandOver, userId: string, strings: Strings): string {
  const { desk, staff } = strings;
  const player = row.playerName ?? row.playerId;
  const { actorId = null, actorName = null } = row.session ?? {};
  const { assigneeId = null, assigneeName = null } = row.session ?? {};
  const actor = actorId === null || actorId === userId ? null : (actorName ?? actorId);
  if (kind === "given") return actor === null ? desk.given(player) : desk.givenBy(actor, player);
  if (assigneeId === null)
    return actor === null ? desk.backInPile(player) : desk.putBackBy(actor, player);
  const colleague = assigneeName ?? staff.colleague;
  if (actor === null) return desk.takenBy(colleague, player);
  return actorId === assigneeId
    ? desk.tookOver(colleague, player)
    : desk.gaveAway(actor, colleague, player);
}

interface HandOversProps {
  readonly handOvers: readonly HandOver[];
  readonly userId: string;
  /** Opens a conversation; absent where it is open. */
  onOpen?(playerId: string): void;
  onDismiss(playerId: string): void;
}

/** Shows hand-overs until the user dismisses them. A log of the desk announces them. */
export function HandOvers({ userId, onOpen, onDismiss, ...props }: HandOversProps) {
  const { strings } = usePortal();
  const handOvers = useSteady(props.handOvers);
  if (handOvers.length === 0) return null;
  return (
    <ul className="ppc-hand-overs" aria-label={strings.desk.news}>
      {handOvers.map((handOver) => {
        const { playerId } = handOver.row;
        return (
          <li key={playerId} className="ppc-hand-over" data-kind={handOver.kind}>
            <p>
              <bdi>{handOverText(handOver, userId, strings)}</bdi>
            </p>
            {onOpen !== undefined && (
              <button type="button" className="ppc-link" onClick={() => onOpen(playerId)}>
                {strings.desk.openIt}
              </button>
            )}
            <button type="button" className="ppc-icon-button" onClick={() => onDismiss(playerId)}>
              <Icon name="close" />
              <span className="ppc-hidden">{strings.desk.dismiss}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
