import { Frame } from "./components/Frame.js";
import { Desk } from "./components/staff/Desk.js";
import type { Chat } from "./core/chat.js";
import type { Identity } from "./core/types.js";
import { useInbox } from "./hooks/useInbox.js";
import { type PortalProps, useOpenPortal } from "./hooks/useOpenPortal.js";
import type { ChangePreferences, Preferences } from "./hooks/usePreferences.js";
import "./styles/index.css";

export interface StaffPortalProps extends PortalProps {
  /** Who answers; the token's `sub`. */
  readonly staffId: string;
  /** What the players will see. */
  readonly staffName?: string;
  /** Whether the number of unread conversations that wait stands in the page's title. */
  readonly unreadInTitle?: boolean;
  /** Whether the conversation that is open stands in the page's address, as `#/c/<player>`. */
  readonly chosenInAddress?: boolean;
}

/** The staff's desk. It fills the element that it is put into. */
export function StaffPortal(props: StaffPortalProps) {
  const { staffId, staffName = null } = props;
  const identity: Identity = { role: "staff", subject: staffId, name: staffName };
  const { chat, preferences, change } = useOpenPortal(props, identity);
  return (
    <Frame className="ppc-staff" preferences={preferences} onSignIn={props.onSignIn ?? null}>
      {chat !== null && (
        <OpenDesk
          chat={chat}
          preferences={preferences}
          onChange={change}
          unreadInTitle={props.unreadInTitle ?? false}
          chosenInAddress={props.chosenInAddress ?? false}
        />
      )}
    </Frame>
  );
}

interface OpenDeskProps {
  readonly chat: Chat;
  readonly preferences: Preferences;
  readonly onChange: ChangePreferences;
  readonly unreadInTitle: boolean;
  readonly chosenInAddress: boolean;
}

function OpenDesk({ chat, ...rest }: OpenDeskProps) {
  const inbox = useInbox(chat);
  return inbox === null ? null : <Desk chat={chat} inbox={inbox} {...rest} />;
}
