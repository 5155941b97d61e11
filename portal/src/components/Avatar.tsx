import type { CSSProperties } from "react";

/** The initials of somebody, in a colour that is always the same for them. */
export function Avatar({ id, name }: { id: string; name: string | null }) {
  let hue = 0;
  for (const character of id) hue = (hue * 31 + (character.codePointAt(0) ?? 0)) % 360;
  const words = (name ?? id).trim().split(/[\s._-]+/u);
  const initials = words.slice(0, 2).map((word) => [...word][0] ?? "");
  const style = { "--ppc-hue": hue } as CSSProperties;
  return (
    <span className="ppc-avatar" style={style} aria-hidden="true">
      {initials.join("").toUpperCase()}
    </span>
  );
}
