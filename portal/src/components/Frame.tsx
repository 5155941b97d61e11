import { type DragEvent, type ReactNode, useMemo } from "react";
import { refuseDrop } from "../hooks/useDroppedFiles.js";
import { type Preferences, SETTINGS, type Setting } from "../hooks/usePreferences.js";
import { formatsOf } from "../strings/formats.js";
import {
  type CustomStrings,
  isRightToLeft,
  LANGUAGES,
  languageName,
  stringsFor,
} from "../strings/index.js";
import { type Choice, PortalContext } from "./PortalContext.js";

interface FrameProps {
  readonly preferences: Preferences;
  readonly className: string;
  readonly children: ReactNode;
  /** The strings that the portal brings. */
  readonly own?: CustomStrings | null;
  readonly settings?: readonly Setting[] | undefined;
  readonly onSignIn?: (() => void) | undefined;
}

const refuse = ({ nativeEvent }: DragEvent) => refuseDrop(nativeEvent);

/** The root element of a portal, with its theme, language and strings. */
export function Frame(props: FrameProps) {
  const { preferences, className, children, own = null, settings = SETTINGS, onSignIn } = props;
  const { theme } = preferences;
  const { language, strings } = useMemo(
    () => stringsFor(preferences.language, own),
    [preferences.language, own],
  );
  const portal = useMemo(
    () => ({
      strings,
      language,
      formats: formatsOf(language, strings),
      languages: choicesOf(own),
      settings,
      onSignIn: onSignIn ?? null,
    }),
    [language, strings, own, settings, onSignIn],
  );
  return (
    <PortalContext value={portal}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropped files are refused */}
      <div
        className={`ppc ${className}`}
        lang={language}
        dir={isRightToLeft(language) ? "rtl" : undefined}
        data-theme={theme}
        part="chat"
        onDragOver={refuse}
        onDrop={refuse}
      >
        {children}
      </div>
    </PortalContext>
  );
}

/** The package's languages, and the one that the portal brings. */
function choicesOf(own: CustomStrings | null): Choice[] {
  const choices = Object.entries(LANGUAGES).map(([language, strings]) => ({
    language,
    label: strings.language,
  }));
  if (own === null || own.language === null) return choices;
  const { language } = own;
  if (choices.some((choice) => choice.language === language.split("-")[0])) return choices;
  return [...choices, { language, label: own.strings.language ?? languageName(language) }];
}
