import type { GetToken } from "../core/api/tokens.js";
import type { Chat, ChatSurroundings } from "../core/chat.js";
import type { PortalConfig } from "../core/config.js";
import type { Identity } from "../core/types.js";
import type { Language } from "../strings/index.js";
import { useChat } from "./useChat.js";
import { useLeaveWarning } from "./useLeaveWarning.js";
import {
  type ChangePreferences,
  type Preferences,
  type Theme,
  usePreferences,
} from "./usePreferences.js";

/** What a portal says, whoever it is for. */
export interface PortalProps {
  /** Where the gateway is, such as `https://chat.example.com`; empty for the page's own origin. */
  readonly apiUrl: string;
  /** The reader's token. Give another when it is renewed: the chat goes on. */
  readonly token?: string;
  /** Gets a new token when there is none, or the last one was refused. */
  readonly getToken?: GetToken;
  /** Takes the user to where one signs in: a button calls it when the token is no longer accepted. */
  readonly onSignIn?: () => void;
  /** How to hear of messages; the gateway is asked where it is not said. Keep it the same object. */
  readonly config?: PortalConfig;
  /** What takes the place of parts of the browser, such as a Pusher connection that there is already. */
  readonly around?: ChatSurroundings;
  /** The reader's own where it is not said, and English where there is none. */
  readonly language?: Language;
  /** As the device has it, where it is not said. */
  readonly theme?: Theme;
}

/** What is open for the reader; there is no chat at first. */
export interface OpenPortal {
  readonly chat: Chat | null;
  readonly preferences: Preferences;
  readonly change: ChangePreferences;
}

/** Opens the chat of whoever `identity` is, as the portal says. */
export function useOpenPortal(props: PortalProps, identity: Identity): OpenPortal {
  const { apiUrl, token = null, getToken = null, config = null, around } = props;
  const [preferences, change] = usePreferences({
    ...(props.theme === undefined ? {} : { theme: props.theme }),
    ...(props.language === undefined ? {} : { language: props.language }),
  });
  const chat = useChat({
    apiUrl,
    identity,
    token,
    getToken,
    config,
    ...(around === undefined ? {} : { around }),
  });
  useLeaveWarning(chat);
  return { chat, preferences, change };
}
