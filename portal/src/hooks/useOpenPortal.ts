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

/** The properties that both portals share. */
export interface PortalProps {
  /** The gateway's address, such as `https://chat.example.com`; empty for the page's own origin. */
  readonly apiUrl: string;
  /** The user's token. The chat continues with a renewed one. */
  readonly token?: string | undefined;
  /** Returns a new token when there is none, or the gateway refused the last one. */
  readonly getToken?: GetToken | undefined;
  /** Called by the banner's button when no token is accepted; opens the portal's sign-in. */
  readonly onSignIn?: (() => void) | undefined;
  /** Receives the number of unread messages (player) or conversations (desk), on each change. */
  readonly onUnread?: ((count: number) => void) | undefined;
  /** Receives what keeps the chat from working; without it, the browser's console does. */
  readonly onProblem?: OnProblem | undefined;
  /** How to receive events; without it the gateway is asked. Keep the object identical. */
  readonly config?: PortalConfig | undefined;
  /**
   * Whether this page takes part in typing and presence, where the gateway has them: whether others
   * see that the user is here and types, and the user sees the same of them. By default true.
   */
  readonly typing?: boolean | undefined;
  /** Replacements for parts of the browser, such as the portal's own Pusher connection. */
  readonly around?: ChatEnvironment | undefined;
  /** A language tag such as `de-CH`; by default the browser's. English without strings for it. */
  readonly language?: string | undefined;
  /** Replaces strings of `language`, or of each language without it. Keep the object identical. */
  readonly strings?: DeepPartial<Strings> | undefined;
  /** By default that of the device. */
  readonly theme?: Theme | undefined;
  /** The settings that the user may change; by default all. Keep the array identical. */
  readonly settings?: readonly Setting[] | undefined;
}

/** An open portal; `chat` is null at first. */
export interface OpenPortal {
  readonly chat: Chat | null;
  readonly preferences: Preferences;
  readonly change: ChangePreferences;
  /** The strings that the portal brings. */
  readonly own: CustomStrings | null;
}

/** Opens the chat of the user `identity` with the portal's properties. */
export function useOpenPortal(props: PortalProps, identity: Identity): OpenPortal {
  const { apiUrl, token = null, getToken = null, config = null, around } = props;
  const { language, strings, theme, settings, typing = true, onProblem = null } = props;
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
    typing,
    onProblem,
    ...(around === undefined ? {} : { around }),
  });
  useLeaveWarning(chat);
  return { chat, preferences, change, own };
}
