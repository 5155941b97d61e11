import { useEffect, useState } from "react";
import type { Chat } from "../core/chat.js";
import type { Conversation } from "../core/conversation/conversation.js";
import { usePageFocus } from "./usePageFocus.js";

/** What is in sight for so long has been read, in milliseconds: before that it is passed on the way to another. */
const READ_AFTER_MS = 1_000;

/** What the reader has not read. */
export interface Unread {
  /** How many messages have arrived since the reader last saw the end of the conversation. */
  readonly unread: number;
  /**
   * When the first message was accepted that the reader had not read when it came into sight, in
   * microseconds since 1970; null for none.
   */
  readonly firstUnread: number | null;
}

/** What of a conversation is unread, in this tab and in the others of the same user. */
export function useUnread(chat: Chat, conversation: Conversation, atEnd: boolean): Unread {
  const seen = usePageFocus() && atEnd;
  const [{ unread, first }, setState] = useState<State>(NONE);
  const { playerId, timeline, loaded } = conversation;
  const newest = timeline.newest?.at ?? 0;
  const last = timeline.at(timeline.length - 1);
  const answeredAt = last !== undefined && last.delivery !== null ? last.at : 0;

  // What has come while the conversation was not open.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when its messages are there
  useEffect(() => {
    const missed = loaded ? missedSince(chat, conversation) : [];
    setState({ unread: seen ? [] : missed, first: missed[0] ?? null });
  }, [chat, conversation, loaded]);
  useEffect(() => {
    if (!seen || newest === 0) return;
    const timer = setTimeout(() => chat.markRead(playerId, newest), READ_AFTER_MS);
    return () => clearTimeout(timer);
  }, [chat, playerId, seen, newest]);
  useEffect(() => {
    if (seen) setState(({ first }) => ({ unread: [], first }));
    return conversation.onArrival(({ at }) => {
      if (!seen && at > chat.readUpTo(playerId))
        setState(({ unread, first }) => ({
          unread: [...unread, at],
          first: unread.length === 0 ? at : first,
        }));
    });
  }, [chat, playerId, conversation, seen]);
  useEffect(
    () =>
      chat.onRead(() => {
        const mark = chat.readUpTo(playerId);
        setState((before) =>
          before.unread.some((at) => at <= mark)
            ? { ...before, unread: before.unread.filter((at) => at > mark) }
            : before,
        );
      }),
    [chat, playerId],
  );
  // Who answers has read what stands above.
  return { unread: unread.length, firstUnread: answeredAt > (first ?? 0) ? null : first };
}

interface State {
  /** When each of them was accepted, in microseconds since 1970. */
  readonly unread: readonly number[];
  readonly first: number | null;
}

const NONE: State = { unread: [], first: null };

/**
 * When the other side's messages were accepted that came since the conversation was last read here, the
 * first one first. Empty when it never was, and when the first of them is not loaded.
 */
function missedSince(chat: Chat, { playerId, timeline, older }: Conversation): number[] {
  const mark = chat.readUpTo(playerId);
  if (mark === 0) return [];
  const missed: number[] = [];
  for (let index = timeline.length - 1; index >= 0; index -= 1) {
    const entry = timeline.at(index);
    if (entry === undefined || entry.at <= mark) return missed.reverse();
    if (entry.senderType !== chat.identity.role) missed.push(entry.at);
  }
  return older === "none" ? missed.reverse() : [];
}
