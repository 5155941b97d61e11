import { useMemo } from "react";
import { usePortal } from "../components/PortalContext.js";
import type { FileStrings } from "../strings/files.en.js";
import { fileStringsFor } from "../strings/files.js";

/** The texts about files in the user's language. */
export function useFileStrings(): FileStrings {
  const { language, strings } = usePortal();
  return useMemo(() => fileStringsFor(language, strings.files), [language, strings.files]);
}
