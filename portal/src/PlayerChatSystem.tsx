import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { Announcer } from "./components/Announcer.js";
import { ConnectionBanner, ConnectionLight } from "./components/Connection.js";
import { ConversationView } from "./components/ConversationView.js";
import { deliveryText } from "./components/Delivery.js";
import { Frame } from "./components/Frame.js";
import { Icon } from "./components/Icon.js";
import type { MessageListHandle } from "./components/MessageList.js";
import { usePortal } from "./components/PortalContext.js";
import { nameOf } from "./components/PresenceLine.js";
import { Settings } from "./components/Settings.js";
import { StatusBadge } from "./components/StatusBadge.js";
import { TextWithName } from "./components/TextWithName.js";
import type { Chat } from "./core/chat.js";
import type { Conversation } from "./core/conversation/conversation.js";
import type { Identity, Session } from "./core/types.js";
import { type Alert, useAlerts } from "./hooks/useAlerts.js";
import { useConversation } from "./hooks/useConversation.js";
import { useObservable } from "./hooks/useObservable.js";
import { useOnChange } from "./hooks/useOnChange.js";
import { type PortalProps, useOpenPortal } from "./hooks/useOpenPortal.js";
import type { ChangePreferences, Preferences } from "./hooks/usePreferences.js";
import { useTitle } from "./hooks/useTitle.js";

/** A team of the gateway, as players choose it. */
export interface Topic {
  readonly id: string;
  readonly label: string;
}

export interface PlayerChatSystemProps extends PortalProps {
  /** The player's id; the token's `sub`. */
  readonly playerId: string;
  /** The player's name, as staff see it. */
  readonly playerName?: string | undefined;
  /**
   * What the player's first message can be about. A topic with an id is a team of the gateway: the
   * player chooses it before the message, which goes to the pile of that team; by default those of
   * the gateway, with their ids as labels. A text, and each topic where the gateway knows no teams, is
   * a button that begins the message; by default those of the language.
   */
  readonly topics?: readonly (string | Topic)[] | undefined;
  /** Shown below the greeting, such as opening hours or a privacy note. */
  readonly welcome?: ReactNode;
  /** Whether the page's title has the number of unread messages. */
  readonly unreadInTitle?: boolean | undefined;
}

/** A player's chat with the staff. It fills its parent element. */
export function PlayerChatSystem(props: PlayerChatSystemProps) {
  const { playerId, playerName = null } = props;
  const identity: Identity = { role: "player", subject: playerId, name: playerName };
  const { chat, preferences, change, own } = useOpenPortal(props, identity);
  return (
    <Frame
      className="ppc-player"
      preferences={preferences}
      own={own}
      settings={props.settings}
      onSignIn={props.onSignIn}
    >
      {chat !== null && (
        <OpenChat
          chat={chat}
          playerId={playerId}
          preferences={preferences}
          onChange={change}
          unreadInTitle={props.unreadInTitle ?? false}
          onUnread={props.onUnread}
          topics={props.topics ?? null}
          welcome={props.welcome}
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
  readonly onUnread: ((count: number) => void) | undefined;
  readonly topics: readonly (string | Topic)[] | null;
  readonly welcome: ReactNode;
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
  const { chat, conversation, preferences, onChange, unreadInTitle, topics, welcome } = props;
  useObservable(conversation);
  useObservable(chat.features);
  const { strings } = usePortal();
  const { link, session } = conversation;
  const teams = teamsOf(topics, chat.features.topics);
  const asksTopic = teams.length > 0 && conversation.loaded && !isOpen(session);
  useEffect(() => {
    if (asksTopic) conversation.preselectTopic(teams);
  });
  const helper = session?.status === "active" ? session.assigneeName : null;
  const [unread, setUnread] = useState(0);
  useTitle(unread, unreadInTitle);
  useOnChange(props.onUnread, unread);

  const messages = useRef<MessageListHandle>(null);
  const composer = useRef<HTMLTextAreaElement>(null);
  const begin = (topic: string) => {
    const { playerId } = conversation;
    if (chat.drafts.of(playerId).trim() === "") chat.drafts.change(playerId, `${topic}: `);
    composer.current?.focus();
  };
  const listen = useCallback(
    (alert: (what: Alert) => void) =>
      conversation.onArrival(({ messageId, senderName, content }) =>
        alert({
          title: senderName ?? strings.player.staffName,
          text: content,
          tag: "player-portal-chat",
          id: `player/${chat.identity.subject}/${messageId}`,
          onClick: () => messages.current?.scrollToBottom(),
        }),
      ),
    [chat, conversation, strings],
  );
  useAlerts(preferences, listen);
  const announce = useCallback(
    (say: (text: string) => void) => {
      const ends = [
        listen(({ title, text }) => say(strings.player.newMessageFrom(title, text))),
        conversation.onSendFailure(
          ({ delivery }) => delivery && say(deliveryText(delivery, strings)),
        ),
        conversation.presence.typing.onBegin((member) =>
          say(strings.messages.typing(nameOf(member, strings), 1)),
        ),
      ];
      return () => {
        for (const end of ends) end();
      };
    },
    [listen, conversation, strings],
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
          <p className="ppc-helper" role="status">
            {helper !== null && <TextWithName text={strings.desk.withPlayer} name={helper} />}
          </p>
        </div>
        <ConnectionLight link={link} />
        <Settings preferences={preferences} onChange={onChange} />
      </header>
      <ConnectionBanner
        chat={chat}
        link={link}
        onTryNow={() => {
          chat.tryNow();
          conversation.refresh();
        }}
      />
      <ConversationView
        chat={chat}
        conversation={conversation}
        messages={messages}
        composer={composer}
        placeholder={strings.composer.placeholder}
        onUnread={setUnread}
        empty={
          <div className="ppc-empty">
            <span className="ppc-empty-art" aria-hidden="true">
              <Icon name="chat" />
            </span>
            <h3>{strings.player.emptyTitle}</h3>
            <p>{strings.player.emptyText}</p>
            {welcome}
            {!asksTopic && (
              <Topics topics={topics?.map(labelOf) ?? strings.player.topics} onChoose={begin} />
            )}
          </div>
        }
        notice={
          <>
            <p className="ppc-notice" role="status">
              {session?.status === "resolved" && strings.player.resolved}
            </p>
            {asksTopic && (
              <TopicChoice
                teams={teams}
                chosen={conversation.topic}
                onChoose={(topic) => {
                  conversation.topic = topic;
                  composer.current?.focus();
                }}
              />
            )}
          </>
        }
      />
      <Announcer listen={announce} />
    </section>
  );
}

const labelOf = (topic: string | Topic): string =>
  typeof topic === "string" ? topic : topic.label;

const isOpen = (session: Session | null): boolean =>
  session !== null && session.status !== "resolved";

/** The topics that the gateway knows, with the portal's labels. */
function teamsOf(
  topics: readonly (string | Topic)[] | null,
  known: readonly string[],
): readonly Topic[] {
  if (topics === null) return known.map((id) => ({ id, label: id }));
  return topics.flatMap((topic) =>
    typeof topic !== "string" && known.includes(topic.id) ? [topic] : [],
  );
}

interface TopicChoiceProps {
  readonly teams: readonly Topic[];
  /** The id of the chosen one; null for none. */
  readonly chosen: string | null;
  onChoose(topic: string | null): void;
}

/** Asks what the next message is about; without a choice it is about anything. */
function TopicChoice({ teams, chosen, onChoose }: TopicChoiceProps) {
  const { desk } = usePortal().strings;
  return (
    <fieldset className="ppc-topic-choice">
      <legend>{desk.topicLabel}</legend>
      <div className="ppc-topics">
        {[...teams, { id: null, label: desk.topicNone }].map((topic) => (
          <button
            key={topic.id}
            type="button"
            className="ppc-button ppc-topic"
            aria-pressed={topic.id === chosen}
            onClick={() => onChoose(topic.id)}
          >
            {topic.label}
          </button>
        ))}
      </div>
    </fieldset>
  );
}

interface TopicsProps {
  readonly topics: readonly string[];
  onChoose(topic: string): void;
}

/** Buttons that begin the first message. */
function Topics({ topics, onChoose }: TopicsProps) {
  const { strings } = usePortal();
  if (topics.length === 0) return null;
  return (
    <ul className="ppc-topics" aria-label={strings.player.topicsLabel}>
      {topics.map((topic) => (
        <li key={topic}>
          <button type="button" className="ppc-button" onClick={() => onChoose(topic)}>
            {topic}
          </button>
        </li>
      ))}
    </ul>
  );
}
