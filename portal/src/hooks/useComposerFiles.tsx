import { type ReactNode, type RefObject, Suspense } from "react";
import { AttachButton, StagedFiles } from "../components/attachments/lazy.js";
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
  /** Takes files, or explains why not. */
  add(files: readonly File[]): void;
  /** Explains why the message is not sent. */
  explain(kind: "blocked"): void;
  /** Called when the user changes the text. */
  edited(): void;
  /** Shows the files, and where they can be dropped, beside the composer's `field`. */
  list(field: RefObject<HTMLElement | null>): ReactNode;
  /** A button to choose files. */
  button(onFiles: (files: readonly File[]) => void): ReactNode;
}

/** The files of the next message; null where the user cannot attach any. */
export function useComposerFiles(chat: Chat, conversation: Conversation): ComposerFiles | null {
  const attachments = useAttachments(chat);
  useObservable(conversation);
  useObservable(attachments?.staging ?? null);
  const { attachments: limits } = chat.features;
  if (attachments === null || limits === null) return null;
  const { staging } = attachments;
  const { playerId, session } = conversation;
  const isOpen = session !== null && session.status !== "resolved";
  const permission = mayAttach(limits, chat.identity.role, isOpen);
  if (permission === "no") return null;
  const isOff = permission === "notYet";
  return {
    count: staging.filesOf(playerId).length,
    isBlocked: staging.isBlocked(playerId),
    add: (files) => (isOff ? staging.explain(playerId, "notYet") : staging.add(playerId, files)),
    explain: (kind) => staging.explain(playerId, kind),
    edited: () => staging.forgetProblems(playerId),
    list: (field) => (
      <Suspense>
        <StagedFiles {...{ attachments, playerId, limits, isOff, field }} />
      </Suspense>
    ),
    button: (onFiles) => (
      <Suspense>
        <AttachButton types={limits.types} isOff={isOff} onFiles={onFiles} />
      </Suspense>
    ),
  };
}
