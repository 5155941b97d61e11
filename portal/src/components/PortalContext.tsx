import { createContext, useContext } from "react";
import type { Setting } from "../hooks/usePreferences.js";
import type { Strings } from "../strings/en.js";
import type { Formats } from "../strings/formats.js";

/** A language that the user can choose. */
export interface Choice {
  readonly language: string;
  readonly label: string;
}

/** The values that all components share. */
export interface Portal {
  readonly strings: Strings;
  /** The language of the strings: a BCP 47 tag. */
  readonly language: string;
  readonly formats: Formats;
  readonly languages: readonly Choice[];
  /** The settings that the user can change. */
  readonly settings: readonly Setting[];
  /** Opens the portal's sign-in; null without one. */
  readonly onSignIn: (() => void) | null;
}

export const PortalContext = /* @__PURE__ */ createContext<Portal | null>(null);

/** The strings and formats of the user's language, and what the portal offers. */
export function usePortal(): Portal {
  const portal = useContext(PortalContext);
  if (portal === null) throw new Error("this component must be rendered inside a Frame");
  return portal;
}
