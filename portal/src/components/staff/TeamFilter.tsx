import type { StaffDirectory } from "../../core/desk/staff.js";
import { useObservable } from "../../hooks/useObservable.js";
import { usePortal } from "../PortalContext.js";

/** The filters of the pile that are no team's id: ids have no space. */
export const ALL_TEAMS = "all teams";
const OWN_TEAMS = "own teams";
const NO_TEAM = "no team";

/** The filter of a new desk: the user's own teams, and all where there are none or for a lead. */
export const firstFilter = (own: readonly string[], isLead: boolean): string =>
  own.length > 0 && !isLead ? OWN_TEAMS : ALL_TEAMS;

/**
 * The teams whose pile is shown, with null for conversations of no team; null for all. The filter
 * of the own teams shows what belongs to no team as well.
 */
export function teamsOf(
  filter: string | null,
  own: readonly string[],
): readonly (string | null)[] | null {
  if (filter === NO_TEAM) return [null];
  if (filter === OWN_TEAMS) return own.length > 0 ? [...own, null] : null;
  return filter === null || filter === ALL_TEAMS ? null : [filter];
}

interface TeamFilterProps {
  readonly directory: StaffDirectory;
  readonly userId: string;
  /** Null before the user has chosen. */
  readonly team: string | null;
  onTeam(team: string): void;
}

/** Chooses the teams whose pile is shown; absent where there are no teams. */
export function TeamFilter({ directory, userId, team, onTeam }: TeamFilterProps) {
  useObservable(directory);
  const { desk } = usePortal().strings;
  const own = directory.teamsOf(userId);
  const teams = directory.list?.teams ?? [];
  if (teams.length === 0) return null;
  const others = teams.filter((each) => !own.includes(each));
  return (
    <label className="ppc-team-filter">
      <span>{desk.teamLabel}</span>
      <select value={team ?? ALL_TEAMS} onChange={({ target }) => onTeam(target.value)}>
        {(own.length > 0 || team === OWN_TEAMS) && (
          <option value={OWN_TEAMS}>{desk.ownTeams}</option>
        )}
        <option value={ALL_TEAMS}>{desk.allTeams}</option>
        {[...own, ...others].map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
        <option value={NO_TEAM}>{desk.noTeam}</option>
      </select>
    </label>
  );
}
