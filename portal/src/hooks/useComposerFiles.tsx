import { type ReactNode, Suspense } from "react";
import { StagedFiles } from "../components/attachments/lazy.js";
import { usePortal } from "../components/PortalContext.js";
import { mayAttach } from "../core/attachments/permission.js";
import type { Chat } from "../core/chat.js";
import type { Conversation } from "../core/conversation/conversation.js";
import { useAttachments } from "./useAttachments.js";
import { useObservable } from "./useObservable.js";

/** The files of the message that a composer writes. */
export interface ComposerFiles {
  /** With files, a message needs no text. */
  readonly count: number;
  /** Whether one of them cannot be sent. */
  readonly isBlocked: boolean;
  /** The media types to choose from. */
  readonly types: readonly string[];
  /** Takes files; null where none are taken now. */
  readonly add: ((files: readonly File[]) => void) | null;
  /** Why no files are taken. */
  readonly refusal: string;
  /** Called when the user changes the text. */
  edited(): void;
  /** Shows the files; `onRemoved` moves the focus to the field. */
  list(onRemoved: () => void): ReactNode;
}

/** The files of the next message; null where the user cannot attach any. */
export function useComposerFiles(chat: Chat, conversation: Conversation): ComposerFiles | null {
  const { strings } = usePortal();
  const current = useAttachments(chat);
  useObservable(conversation);
  useObservable(current?.staging ?? null);
  const { attachments: limits } = chat.features;
  if (current === null || limits === null) return null;
  const { staging } = current;
  const { playerId, session } = conversation;
  const isOpen = session !== null && session.status !== "resolved";
  const permission = mayAttach(limits, chat.identity.role, isOpen);
  if (permission === "no") return null;
  return {
    count: staging.filesOf(playerId).length,
    isBlocked: staging.isBlocked(playerId),
    types: limits.types,
    add: permission === "yes" ? (files) => staging.add(playerId, files) : null,
    refusal: strings.attachments.notYet,
    edited: () => staging.forgetProblems(playerId),
    list: (onRemoved) => (
      <Suspense>
        <StagedFiles
          attachments={current}
          playerId={playerId}
          limits={limits}
          onRemoved={onRemoved}
        />
      </Suspense>
    ),
  };
}
