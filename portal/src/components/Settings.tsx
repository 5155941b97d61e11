import { useRef, useState } from "react";
import { flushSync } from "react-dom";
import { showNotification } from "../hooks/useAlerts.js";
import type { ChangePreferences, Preferences, Theme } from "../hooks/usePreferences.js";
import { Dialog } from "./Dialog.js";
import { Icon } from "./Icon.js";
import { type Choice, usePortal } from "./PortalContext.js";

interface SettingsProps {
  readonly preferences: Preferences;
  readonly onChange: ChangePreferences;
  /** What else opens from here. */
  readonly links?: readonly SettingsLink[];
}

interface SettingsLink {
  readonly label: string;
  onChoose(): void;
}

/** A button that opens the user's settings. */
export function Settings({ preferences, onChange, links = [] }: SettingsProps) {
  const { strings, settings } = usePortal();
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  if (settings.length === 0 && links.length === 0) return null;
  return (
    <>
      <button
        ref={button}
        type="button"
        className="ppc-icon-button"
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <Icon name="settings" />
        <span className="ppc-hidden">{strings.settings.label}</span>
      </button>
      {isOpen && (
        <Dialog title={strings.settings.label} onClose={() => setOpen(false)}>
          <Choices preferences={preferences} onChange={onChange} />
          {links.length > 0 && (
            <div className="ppc-setting-links">
              {links.map(({ label, onChoose }) => (
                <button
                  key={label}
                  type="button"
                  className="ppc-button"
                  aria-haspopup="dialog"
                  onClick={() => {
                    // The next dialog returns the focus to the button.
                    flushSync(() => setOpen(false));
                    button.current?.focus();
                    onChoose();
                  }}
                >
                  {label}
                </button>
              ))}
            </div>
          )}
        </Dialog>
      )}
    </>
  );
}

function Choices({ preferences, onChange }: Omit<SettingsProps, "links">) {
  const { strings, languages, settings: offered } = usePortal();
  const { settings } = strings;
  const [denied, setDenied] = useState(false);
  const notify = async (wanted: boolean) => {
    const granted = wanted && (await mayNotify(settings.notifications));
    setDenied(wanted && !granted);
    onChange({ notifications: granted });
  };
  return (
    <div className="ppc-settings">
      {offered.includes("sound") && (
        <Switch
          label={settings.sound}
          on={preferences.sound}
          onChange={(sound) => onChange({ sound })}
        />
      )}
      {offered.includes("notifications") && (
        <Switch
          label={settings.notifications}
          on={preferences.notifications}
          onChange={(wanted) => void notify(wanted)}
        />
      )}
      {denied && (
        <p className="ppc-note" role="alert">
          {settings.notificationsDenied}
        </p>
      )}
      {offered.includes("theme") && (
        <label className="ppc-setting">
          <span>{settings.theme}</span>
          <select
            value={preferences.theme}
            onChange={(event) => onChange({ theme: event.target.value as Theme })}
          >
            {Object.entries(settings.themes).map(([theme, label]) => (
              <option key={theme} value={theme}>
                {label}
              </option>
            ))}
          </select>
        </label>
      )}
      {offered.includes("language") && (
        <label className="ppc-setting">
          <span>{settings.language}</span>
          <select
            value={chosenOf(languages, preferences.language)}
            onChange={(event) => onChange({ language: event.target.value })}
          >
            {languages.map(({ language, label }) => (
              <option key={language} value={language} lang={language}>
                {label}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}

/** The choice for a language: `de` for `de-CH`. */
function chosenOf(languages: readonly Choice[], language: string): string {
  const [primary] = language.split("-");
  const found = languages.find((choice) => choice.language.split("-")[0] === primary);
  return found?.language ?? "en";
}

interface SwitchProps {
  readonly label: string;
  readonly on: boolean;
  onChange(on: boolean): void;
}

export function Switch({ label, on, onChange }: SwitchProps) {
  return (
    <label className="ppc-setting">
      <span>{label}</span>
      <input
        type="checkbox"
        role="switch"
        aria-checked={on}
        className="ppc-switch"
        checked={on}
        onChange={(event) => onChange(event.target.checked)}
      />
    </label>
  );
}

/** Asks for the permission and shows a first one: Android's browsers grant it and show none. */
async function mayNotify(title: string): Promise<boolean> {
  if (!("Notification" in globalThis)) return false;
  if ((await Notification.requestPermission()) !== "granted") return false;
  return showNotification({ title, text: "", tag: "player-portal-chat/settings", onClick() {} });
}
