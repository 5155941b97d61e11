import { type ReactNode, type Ref, type RefObject, useRef } from "react";
import type { Chat } from "../core/chat.js";
import type { Conversation } from "../core/conversation/conversation.js";
import type { Aside } from "../core/notes/interleaved.js";
import { type ComposerFiles, useComposerFiles } from "../hooks/useComposerFiles.js";
import { Composer } from "./Composer.js";
import { MessageList, type MessageListHandle } from "./MessageList.js";
import { PresenceLine } from "./PresenceLine.js";

interface ConversationViewProps {
  readonly chat: Chat;
  readonly conversation: Conversation;
  readonly placeholder: string;
  readonly empty: ReactNode;
  /** Shown above the composer. */
  readonly notice: ReactNode;
  readonly composer?: Ref<HTMLTextAreaElement>;
  readonly messages?: RefObject<MessageListHandle | null>;
  readonly onUnread?: (count: number) => void;
  readonly onEscape?: () => void;
  /** What is shown among the messages, and how. */
  readonly asides?: readonly Aside[];
  readonly renderAside?: (aside: Aside, isNewDay: boolean) => ReactNode;
  /**
   * Shown in place of the composer; `send` sends a message with its `files`, and `scroll` shows the
   * newest.
   */
  readonly compose?: (
    send: (content: string) => void,
    scroll: () => void,
    files: ComposerFiles | null,
  ) => ReactNode;
}

/** The messages of a conversation, and the composer. */
export function ConversationView(props: ConversationViewProps) {
  const { chat, conversation, placeholder, empty, notice, composer, onUnread, onEscape } = props;
  const { asides, renderAside, compose } = props;
  const own = useRef<MessageListHandle>(null);
  const list = props.messages ?? own;
  const files = useComposerFiles(chat, conversation);
  const send = (content: string) => {
    // Before the message is added, so that the list scrolls in the same frame.
    list.current?.scrollToBottom();
    const files = chat.attachments.current?.staging.take(conversation.playerId) ?? [];
    conversation.send(content, files);
  };
  return (
    <>
      <MessageList
        ref={list}
        conversation={conversation}
        chat={chat}
        empty={empty}
        {...(asides === undefined ? {} : { asides })}
        {...(renderAside === undefined ? {} : { renderAside })}
        {...(onUnread === undefined ? {} : { onUnread })}
      />
      <PresenceLine
        presence={conversation.presence}
        showsColleagues={chat.identity.role === "staff"}
      />
      {notice}
      {compose?.(send, () => list.current?.scrollToBottom(), files) ?? (
        <Composer
          {...(composer === undefined ? {} : { ref: composer })}
          {...(onEscape === undefined ? {} : { onEscape })}
          drafts={chat.drafts}
          typing={conversation.presence.typing}
          playerId={conversation.playerId}
          placeholder={placeholder}
          onSend={send}
          files={files}
        />
      )}
    </>
  );
}
