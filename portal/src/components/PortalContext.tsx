import { createContext, useContext } from "react";
import type { Setting } from "../hooks/usePreferences.js";
import type { Strings } from "../strings/en.js";
import type { Formats } from "../strings/formats.js";

/** A language that the reader can choose. */
export interface Choice {
  readonly language: string;
  readonly label: string;
}

/** What all components share. */
export interface Portal {
  readonly strings: Strings;
  readonly formats: Formats;
  readonly languages: readonly Choice[];
  /** What the reader can set. */
  readonly settings: readonly Setting[];
  /** Leads to the portal's sign-in; null where the portal has not said how. */
  readonly onSignIn: (() => void) | null;
}

export const PortalContext = /* @__PURE__ */ createContext<Portal | null>(null);

/** The words and formats of the reader's language, and what the portal offers. */
export function usePortal(): Portal {
  const portal = useContext(PortalContext);
  if (portal === null) throw new Error("a component of the chat stands outside of a portal");
  return portal;
}
