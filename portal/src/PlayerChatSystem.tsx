import { useCallback, useMemo, useState } from "react";
import { Announcer } from "./components/Announcer.js";
import { ConnectionBanner, ConnectionLight } from "./components/Connection.js";
import { ConversationView } from "./components/ConversationView.js";
import { Frame } from "./components/Frame.js";
import { Icon } from "./components/Icon.js";
import { usePortal } from "./components/PortalContext.js";
import { Settings } from "./components/Settings.js";
import { StatusBadge } from "./components/StatusBadge.js";
import type { GetToken } from "./core/api/tokens.js";
import type { Chat, ChatSurroundings } from "./core/chat.js";
import type { PortalConfig } from "./core/config.js";
import type { Conversation } from "./core/conversation/conversation.js";
import type { Identity } from "./core/types.js";
import { type Alert, useAlerts } from "./hooks/useAlerts.js";
import { useChat } from "./hooks/useChat.js";
import { useConversation } from "./hooks/useConversation.js";
import { useObservable } from "./hooks/useObservable.js";
import {
  type ChangePreferences,
  type Preferences,
  type Theme,
  usePreferences,
} from "./hooks/usePreferences.js";
import { useTitle } from "./hooks/useTitle.js";
import type { Language } from "./strings/index.js";
import "./styles/index.css";

export interface PlayerChatSystemProps {
  /** Where the gateway is, such as `https://chat.example.com`; empty for the page's own origin. */
  readonly apiUrl: string;
  /** Whose chat it is; the token's `sub`. */
  readonly playerId: string;
  /** What the staff will call the player. */
  readonly playerName?: string;
  /** The player's token. Give another when it is renewed: the chat goes on. */
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
  /** Whether the number of unread messages stands in the page's title. */
  readonly unreadInTitle?: boolean;
}

/** A player's chat with the staff. It fills the element that it is put into. */
export function PlayerChatSystem(props: PlayerChatSystemProps) {
  const { apiUrl, playerId, playerName = null, token = null, getToken = null } = props;
  const [preferences, change] = usePreferences({
    ...(props.theme === undefined ? {} : { theme: props.theme }),
    ...(props.language === undefined ? {} : { language: props.language }),
  });
  const identity = useMemo<Identity>(
    () => ({ role: "player", subject: playerId, name: playerName }),
    [playerId, playerName],
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
    <Frame className="ppc-player" preferences={preferences}>
      {chat !== null && (
        <OpenChat
          chat={chat}
          playerId={playerId}
          preferences={preferences}
          onChange={change}
          unreadInTitle={props.unreadInTitle ?? false}
        />
      )}
    </Frame>
  );
}

interface OpenChatProps {
  readonly chat: Chat;
  readonly playerId: string;
  readonly preferences: Preferences;
  readonly onChange: ChangePreferences;
  readonly unreadInTitle: boolean;
}

function OpenChat({ chat, playerId, ...rest }: OpenChatProps) {
  const conversation = useConversation(chat, playerId);
  if (conversation === null) return null;
  return <PlayerConversation chat={chat} conversation={conversation} {...rest} />;
}

type PlayerConversationProps = Omit<OpenChatProps, "playerId"> & {
  readonly conversation: Conversation;
};

function PlayerConversation(props: PlayerConversationProps) {
  const { chat, conversation, preferences, onChange, unreadInTitle } = props;
  useObservable(conversation);
  const { strings } = usePortal();
  const { link, session } = conversation;
  const [unread, setUnread] = useState(0);
  useTitle(unread, unreadInTitle);

  const listen = useCallback(
    (alert: (what: Alert) => void) =>
      conversation.onArrival(({ senderName, content }) =>
        alert({
          title: senderName ?? strings.player.staffName,
          text: content,
          tag: "player-portal-chat",
        }),
      ),
    [conversation, strings],
  );
  useAlerts(preferences, listen);
  const announce = useCallback(
    (say: (text: string) => void) =>
      listen(({ title, text }) => say(strings.player.newMessageFrom(title, text))),
    [listen, strings],
  );

  return (
    <section className="ppc-panel" aria-label={strings.player.regionLabel}>
      <header className="ppc-header">
        <span className="ppc-logo" aria-hidden="true">
          <Icon name="chat" />
        </span>
        <div className="ppc-heading">
          <h2>{strings.player.title}</h2>
          {session === null ? (
            <p>{strings.player.subtitle}</p>
          ) : (
            <StatusBadge status={session.status} text={strings.playerStatus[session.status]} />
          )}
        </div>
        <ConnectionLight link={link} />
        <Settings preferences={preferences} onChange={onChange} />
      </header>
      <ConnectionBanner
        link={link}
        onTryNow={() => {
          chat.tryNow();
          conversation.refresh();
        }}
      />
      <ConversationView
        chat={chat}
        conversation={conversation}
        placeholder={strings.composer.placeholder}
        onUnread={setUnread}
        empty={
          <div className="ppc-empty">
            <span className="ppc-empty-art" aria-hidden="true">
              <Icon name="chat" />
            </span>
            <h3>{strings.player.emptyTitle}</h3>
            <p>{strings.player.emptyText}</p>
          </div>
        }
        notice={
          <p className="ppc-notice" role="status">
            {session?.status === "resolved" && strings.player.resolved}
          </p>
        }
      />
      <Announcer listen={announce} />
    </section>
  );
}
