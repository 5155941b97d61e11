import { type DragEvent, type ReactNode, useMemo } from "react";
import { refuseDrop } from "../hooks/useDroppedFiles.js";
import type { Preferences } from "../hooks/usePreferences.js";
import { formatsOf } from "../strings/formats.js";
import { LANGUAGES } from "../strings/index.js";
import { PortalContext } from "./PortalContext.js";

interface FrameProps {
  readonly preferences: Preferences;
  readonly className: string;
  readonly onSignIn?: (() => void) | null;
  readonly children: ReactNode;
}

const refuse = ({ nativeEvent }: DragEvent) => refuseDrop(nativeEvent);

/** Everything of a portal: its colours, its language, its words. */
export function Frame({ preferences, className, onSignIn = null, children }: FrameProps) {
  const { theme, language } = preferences;
  const portal = useMemo(() => {
    const strings = LANGUAGES[language];
    return { strings, formats: formatsOf(language, strings), onSignIn };
  }, [language, onSignIn]);
  return (
    <PortalContext value={portal}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: nothing is done with what is dropped */}
      <div
        className={`ppc ${className}`}
        lang={language}
        data-theme={theme}
        onDragOver={refuse}
        onDrop={refuse}
      >
        {children}
      </div>
    </PortalContext>
  );
}
