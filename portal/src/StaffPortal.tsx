import { Frame } from "./components/Frame.js";
import { Desk } from "./components/staff/Desk.js";
import type { Chat } from "./core/chat.js";
import type { Identity } from "./core/types.js";
import { DeskToolsContext, useDeskTools } from "./hooks/useDeskTools.js";
import { useInbox } from "./hooks/useInbox.js";
import { type PortalProps, useOpenPortal } from "./hooks/useOpenPortal.js";
import type { ChangePreferences, Preferences } from "./hooks/usePreferences.js";

export interface StaffPortalProps extends PortalProps {
  /** The staff member's id; the token's `sub`. */
  readonly staffId: string;
  /** The staff member's name, as players see it. */
  readonly staffName?: string | undefined;
  /** Whether the page's title has the number of unread conversations. */
  readonly unreadInTitle?: boolean | undefined;
  /** Whether the page's address has the open conversation, as `#/c/<player>`. */
  readonly chosenInAddress?: boolean | undefined;
}

/** The staff's desk. It fills its parent element. */
export function StaffPortal(props: StaffPortalProps) {
  const { staffId, staffName = null } = props;
  const identity: Identity = { role: "staff", subject: staffId, name: staffName };
  const { chat, preferences, change, own } = useOpenPortal(props, identity);
  return (
    <Frame
      className="ppc-staff"
      preferences={preferences}
      own={own}
      settings={props.settings}
      onSignIn={props.onSignIn}
    >
      {chat !== null && (
        <OpenDesk
          chat={chat}
          preferences={preferences}
          onChange={change}
          unreadInTitle={props.unreadInTitle ?? false}
          onUnread={props.onUnread}
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
  readonly onUnread: ((count: number) => void) | undefined;
  readonly chosenInAddress: boolean;
}

function OpenDesk({ chat, ...rest }: OpenDeskProps) {
  const inbox = useInbox(chat);
  const tools = useDeskTools(chat);
  if (inbox === null) return null;
  return (
    <DeskToolsContext value={tools}>
      <Desk chat={chat} inbox={inbox} {...rest} />
    </DeskToolsContext>
  );
}
