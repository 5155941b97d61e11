import { useTools } from "../../hooks/useDeskTools.js";
import type { ChangePreferences, Preferences } from "../../hooks/usePreferences.js";
import { Dialog } from "../Dialog.js";
import { usePortal } from "../PortalContext.js";
import { Switch } from "../Settings.js";

interface HelpProps {
  readonly preferences: Preferences;
  readonly onChange: ChangePreferences;
  /** Whether staff assigns conversations. */
  readonly teamDesk: boolean;
  readonly onClose: () => void;
}

/** All shortcuts, and the switch for those of a single key. */
export function Help({ preferences, onChange, teamDesk, onClose }: HelpProps) {
  const { staff, desk } = usePortal().strings;
  const { keys } = staff;
  const tools = useTools();
  const rows: [string[], string][] = [
    [["J", "↓"], keys.next],
    [["K", "↑"], keys.previous],
    [["R", "Enter"], keys.reply],
    ...(tools === null ? [] : ([[["N"], keys.note]] as [string[], string][])),
    ...((teamDesk
      ? [
          [["A", "T"], desk.keys.take],
          [["T"], desk.keys.reopen],
          [["G"], desk.keys.give],
          [["B"], desk.keys.putBack],
        ]
      : [[["T"], keys.take]]) as [string[], string][]),
    [["E"], keys.resolve],
    [["Z"], keys.undo],
    [["U"], keys.unread],
    [["/"], keys.search],
    teamDesk ? [["1", "2", "3", "4"], desk.keys.tabs] : [["1", "2", "3"], keys.tabs],
    ...(tools === null ? [] : ([[["/"], keys.insertReply]] as [string[], string][])),
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
