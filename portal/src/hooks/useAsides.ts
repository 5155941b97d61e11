import { useEffect, useLayoutEffect } from "react";
import type { Conversation } from "../core/conversation/conversation.js";
import { asidesOf } from "../core/notes/asides.js";
import type { Aside } from "../core/notes/interleaved.js";
import type { Notes } from "../core/notes/notes.js";
import type { DeskTools } from "./useDeskTools.js";
import { useObservable } from "./useObservable.js";

const NO_ASIDES: readonly Aside[] = [];

/**
 * What staff sees among the messages: the notes, and who took, gave and put back the conversation;
 * as far back as the messages are loaded.
 */
export function useAsides(
  tools: DeskTools | null,
  notes: Notes | null,
  conversation: Conversation,
): readonly Aside[] {
  const { playerId, session, loaded, older, timeline } = conversation;
  useObservable(notes);
  useObservable(tools?.assignments ?? null);
  useLayoutEffect(() => {
    if (session !== null) tools?.assignments.take(session, tools.chat.clock.now() * 1000);
  }, [tools, session]);
  const oldest = older === "none" ? 0 : (timeline.oldest?.at ?? Number.POSITIVE_INFINITY);
  useEffect(() => {
    if (loaded) notes?.showSince(oldest);
  }, [notes, loaded, oldest]);
  if (tools === null || notes === null) return NO_ASIDES;
  return asidesOf(notes.entries, tools.assignments.of(playerId), oldest);
}
