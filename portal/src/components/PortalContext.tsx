import { createContext, useContext } from "react";
import { en, type Strings } from "../strings/en.js";
import { type Formats, formatsOf } from "../strings/formats.js";

/** What all components share. */
export interface Portal {
  readonly strings: Strings;
  readonly formats: Formats;
}

export const PortalContext = createContext<Portal>({ strings: en, formats: formatsOf("en", en) });

/** The words and formats of the reader's language. */
export const usePortal = (): Portal => useContext(PortalContext);
