import { useMemo } from "react";
import type { GetToken } from "../core/api/tokens.js";
import type { Chat, ChatEnvironment } from "../core/chat.js";
import type { PortalConfig } from "../core/config.js";
import type { OnProblem } from "../core/problems.js";
import type { Identity } from "../core/types.js";
import type { CustomStrings, DeepPartial, Strings } from "../strings/index.js";
import { useChat } from "./useChat.js";
import { useLeaveWarning } from "./useLeaveWarning.js";
import {
  type ChangePreferences,
  type Preferences,
  type Setting,
  type Theme,
  usePreferences,
} from "./usePreferences.js";

/** What a portal says, whoever it is for. */
export interface PortalProps {
  /** Where the gateway is, such as `https://chat.example.com`; empty for the page's own origin. */
  readonly apiUrl: string;
  /** The reader's token. Give another when it is renewed: the chat goes on. */
  readonly token?: string | undefined;
  /** Gets a new token when there is none, or the last one was refused. */
  readonly getToken?: GetToken | undefined;
  /** Leads to the portal's sign-in: the button of the banner when no token is accepted. */
  readonly onSignIn?: (() => void) | undefined;
  /** Is told how many messages (of a player) or conversations (at the desk) are unread, on each change. */
  readonly onUnread?: ((count: number) => void) | undefined;
  /** Is told what keeps the chat from working; without it the browser's console is. */
  readonly onProblem?: OnProblem | undefined;
  /** How to hear of messages; the gateway is asked where it is not said. Keep it the same object. */
  readonly config?: PortalConfig | undefined;
  /** What takes the place of parts of the browser, such as a Pusher connection that there is already. */
  readonly around?: ChatEnvironment | undefined;
  /** A language tag such as `de-CH`. Without it the reader's own; English where there are no strings for it. */
  readonly language?: string | undefined;
  /** Own words in place of some or all of `language`'s, or of each language's without it. Keep it the same object. */
  readonly strings?: DeepPartial<Strings> | undefined;
  /** As the device has it, where it is not said. */
  readonly theme?: Theme | undefined;
  /** What the reader may choose otherwise; all where it is not said. Keep it the same object. */
  readonly settings?: readonly Setting[] | undefined;
}

/** What is open for the reader; there is no chat at first. */
export interface OpenPortal {
  readonly chat: Chat | null;
  readonly preferences: Preferences;
  readonly change: ChangePreferences;
  /** The portal's own strings. */
  readonly own: CustomStrings | null;
}

/** Opens the chat of whoever `identity` is, as the portal says. */
export function useOpenPortal(props: PortalProps, identity: Identity): OpenPortal {
  const { apiUrl, token = null, getToken = null, config = null, around } = props;
  const { language, strings, theme, settings, onProblem = null } = props;
  const own = useMemo(
    () => (strings === undefined ? null : { language: language ?? null, strings }),
    [language, strings],
  );
  const [preferences, change] = usePreferences({ theme, language, own, settings });
  const chat = useChat({
    apiUrl,
    identity,
    token,
    getToken,
    config,
    onProblem,
    ...(around === undefined ? {} : { around }),
  });
  useLeaveWarning(chat);
  return { chat, preferences, change, own };
}
