import { useMemo } from "react";
import { Frame } from "./components/Frame.js";
import { Desk } from "./components/staff/Desk.js";
import type { GetToken } from "./core/api/tokens.js";
import type { Chat, ChatSurroundings } from "./core/chat.js";
import type { PortalConfig } from "./core/config.js";
import type { Identity } from "./core/types.js";
import { useChat } from "./hooks/useChat.js";
import { useInbox } from "./hooks/useInbox.js";
import {
  type ChangePreferences,
  type Preferences,
  type Theme,
  usePreferences,
} from "./hooks/usePreferences.js";
import type { Language } from "./strings/index.js";
import "./styles/index.css";

export interface StaffPortalProps {
  /** Where the gateway is, such as `https://chat.example.com`; empty for the page's own origin. */
  readonly apiUrl: string;
  /** Who answers; the token's `sub`. */
  readonly staffId: string;
  /** What the players will see. */
  readonly staffName?: string;
  /** The token of this member of the staff. Give another when it is renewed: the desk stays open. */
  readonly token?: string;
  /** Gets a new token when there is none, or the last one was refused. */
  readonly getToken?: GetToken;
  /** How to hear of messages; the gateway is asked where it is not said. Keep it the same object. */
  readonly config?: PortalConfig;
  /** What takes the place of parts of the browser, such as a Pusher connection that there is already. */
  readonly around?: ChatSurroundings;
  /** The reader's own where it is not said, and English where there is none. */
  readonly language?: Language;
  /** As the device has it, where it is not said. */
  readonly theme?: Theme;
  /** Whether the number of unread conversations that wait stands in the page's title. */
  readonly unreadInTitle?: boolean;
}

/** The staff's desk. It fills the element that it is put into. */
export function StaffPortal(props: StaffPortalProps) {
  const { apiUrl, staffId, staffName = null, token = null, getToken = null } = props;
  const [preferences, change] = usePreferences({
    ...(props.theme === undefined ? {} : { theme: props.theme }),
    ...(props.language === undefined ? {} : { language: props.language }),
  });
  const identity = useMemo<Identity>(
    () => ({ role: "staff", subject: staffId, name: staffName }),
    [staffId, staffName],
  );
  const chat = useChat({
    apiUrl,
    identity,
    token,
    getToken,
    config: props.config ?? null,
    ...(props.around === undefined ? {} : { around: props.around }),
  });
  return (
    <Frame className="ppc-staff" preferences={preferences}>
      {chat !== null && (
        <OpenDesk
          chat={chat}
          preferences={preferences}
          onChange={change}
          unreadInTitle={props.unreadInTitle ?? false}
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
}

function OpenDesk({ chat, ...rest }: OpenDeskProps) {
  const inbox = useInbox(chat);
  return inbox === null ? null : <Desk chat={chat} inbox={inbox} {...rest} />;
}
