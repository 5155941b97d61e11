import { createContext, useContext } from "react";
import { en, type Strings } from "../strings/en.js";
import { type Formats, formatsOf } from "../strings/formats.js";

/** What all components share. */
export interface Portal {
  readonly strings: Strings;
  readonly formats: Formats;
  /** Takes the user to where one signs in; null where the portal has not said how. */
  readonly onSignIn: (() => void) | null;
}

export const PortalContext = createContext<Portal>({
  strings: en,
  formats: formatsOf("en", en),
  onSignIn: null,
});

/** The words and formats of the reader's language. */
export const usePortal = (): Portal => useContext(PortalContext);
