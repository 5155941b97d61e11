import type { ChangePreferences, Preferences } from "../../hooks/usePreferences.js";
import { Dialog } from "../Dialog.js";
import { usePortal } from "../PortalContext.js";
import { Switch } from "../Settings.js";

interface HelpProps {
  readonly preferences: Preferences;
  readonly onChange: ChangePreferences;
  readonly onClose: () => void;
}

/** All shortcuts, and the switch for those of a single key. */
export function Help({ preferences, onChange, onClose }: HelpProps) {
  const { staff } = usePortal().strings;
  const { keys } = staff;
  const rows: [string[], string][] = [
    [["J", "↓"], keys.next],
    [["K", "↑"], keys.previous],
    [["R", "Enter"], keys.reply],
    [["T"], keys.take],
    [["E"], keys.resolve],
    [["Z"], keys.undo],
    [["U"], keys.unread],
    [["/"], keys.search],
    [["1", "2", "3"], keys.tabs],
    [["Enter"], keys.send],
    [["Shift+Enter"], keys.newline],
    [["Esc"], keys.leave],
    [["?"], keys.help],
  ];
  return (
    <Dialog title={staff.shortcuts} onClose={onClose}>
      <dl className="ppc-keys">
        {rows.map(([names, meaning]) => (
          <div key={meaning}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <div className="ppc-settings">
        <Switch
          label={staff.singleKeys}
          on={preferences.singleKeys}
          onChange={(singleKeys) => onChange({ singleKeys })}
        />
        <p className="ppc-note">{staff.singleKeysHint}</p>
      </div>
    </Dialog>
  );
}
