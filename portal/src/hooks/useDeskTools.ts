import { createContext, useContext, useEffect, useLayoutEffect, useState } from "react";
import type { Chat } from "../core/chat.js";
import { AssignmentLog } from "../core/desk/assignmentLog.js";
import type { Notes } from "../core/notes/notes.js";
import { StaffNotes } from "../core/notes/staffNotes.js";
import { CannedReplies } from "../core/replies/cannedReplies.js";
import { useObservable } from "./useObservable.js";

/** What a desk has where staff assigns conversations. */
export interface DeskTools {
  readonly chat: Chat;
  readonly notes: StaffNotes;
  readonly replies: CannedReplies;
  readonly assignments: AssignmentLog;
}

export const DeskToolsContext = /* @__PURE__ */ createContext<DeskTools | null>(null);

/** The desk's tools; null where the gateway has none. */
export const useTools = (): DeskTools | null => useContext(DeskToolsContext);

/** Opens the desk's tools while the component is mounted; null before, and where there are none. */
export function useDeskTools(chat: Chat): DeskTools | null {
  useObservable(chat.features);
  const { teamDesk } = chat.features;
  const [tools, setTools] = useState<DeskTools | null>(null);
  useEffect(() => {
    if (!teamDesk) return;
    const notes = new StaffNotes(chat);
    const replies = new CannedReplies(chat.replyParts());
    replies.open();
    const assignments = new AssignmentLog();
    const ends = [
      chat.directory.open(),
      chat.onSession((session) => assignments.take(session, chat.clock.now() * 1000)),
    ];
    setTools({ chat, notes, replies, assignments });
    return () => {
      setTools(null);
      for (const end of ends) end();
      replies.close();
      notes.close();
    };
  }, [chat, teamDesk]);
  return tools?.chat === chat ? tools : null;
}

/** The notes of a conversation, open while the component is mounted; null before. */
export function useNotes(tools: DeskTools | null, playerId: string): Notes | null {
  const [notes, setNotes] = useState<Notes | null>(null);
  useLayoutEffect(() => {
    if (tools === null) return;
    const shown = tools.notes.show(playerId);
    setNotes(shown);
    return () => {
      setNotes(null);
      tools.notes.leave(shown);
    };
  }, [tools, playerId]);
  return notes?.playerId === playerId ? notes : null;
}
