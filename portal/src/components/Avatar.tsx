import type { CSSProperties } from "react";
import { hueOf, initialsOf } from "./initials.js";

/** The initials of a player, in a colour that is always the same for the same player. */
export function Avatar({ id, name }: { id: string; name: string | null }) {
  const style = { "--ppc-hue": hueOf(id) } as CSSProperties;
  return (
    <span className="ppc-avatar" style={style} aria-hidden="true">
      {initialsOf(id, name)}
    </span>
  );
}
