import type { CSSProperties } from "react";
import { hueOf, initialsOf } from "./initials.js";

/** A player's initials, in a colour derived from the id. */
export function Avatar({ id, name }: { id: string; name: string | null }) {
  const style = { "--ppc-hue": hueOf(id) } as CSSProperties;
  return (
    <span className="ppc-avatar" style={style} aria-hidden="true">
      {initialsOf(id, name)}
    </span>
  );
}
