import { MAX_CONTENT } from "../src/core/api/limits.js";
import { CANNED_REPLIES_UPDATED } from "../src/core/realtime/channels.js";
import type { Identity, Note, Session } from "../src/core/types.js";
import type { SimulatedDesk } from "./desk.js";
import type { FaultSource } from "./faults.js";
import { mentionsIn, NoteStore, noteOf, readNotes } from "./notes.js";
import { ReplyStore } from "./replies.js";
import type { SessionEdit, Store } from "./store.js";
import { json, notAccepted, problem, rfc3339 } from "./wire.js";

/** What the rest of the simulated system does for notes, tags, priority and canned replies. */
export interface ServerParts extends FaultSource {
  readonly store: Store;
  readonly desk: SimulatedDesk;
  now(): number;
  /** Runs `work` after the time that persisting takes. */
  persist(work: () => void): void;
  /** Sends an event to staff after the time that broadcasting takes. */
  broadcastToStaff(name: string, data: unknown): void;
  /** Sends a note's event to staff after that time, or adds the note to a digest. */
  broadcastNote(note: Note, event: unknown): void;
  announce(session: Session, stale: readonly string[]): void;
}

/** The server's side of notes, tags, priority and canned replies. */
export class NotesAndReplies {
  readonly notes = new NoteStore();
  readonly replies = new ReplyStore();
  /** The members of the staff who may edit canned replies; null for all. */
  leads: readonly string[] | null = null;
  readonly #parts: ServerParts;

  constructor(parts: ServerParts) {
    this.#parts = parts;
  }

  /** The answer to a call; null when the call is none of these. */
  async answer(request: Request, user: Identity): Promise<Response | null> {
    const { pathname, searchParams } = new URL(request.url);
    const [, reply] = /\/staff\/canned-replies(?:\/([^/]+))?$/.exec(pathname) ?? [];
    const [, playerId = "", call] = /conversations\/([^/]+)\/(notes|session)$/.exec(pathname) ?? [];
    if (call === undefined && !pathname.includes("/staff/canned-replies")) return null;
    if (user.role !== "staff") return problem(403, "forbidden");
    const { subject: staff, name } = user;
    const isRead = request.method === "GET";
    if (!isRead && this.#parts.faults.sendsFail) return notAccepted();
    if (isRead && this.#parts.faults.readsFail)
      return problem(503, "history-unavailable", { "Retry-After": "1" });
    const body = isRead || request.method === "DELETE" ? {} : await request.json();
    const player = decodeURIComponent(playerId);
    if (call === "session") return this.changeSession({ ...body, playerId: player });
    if (call === "notes" && isRead) return readNotes(this.notes.of(player), searchParams);
    if (call === "notes")
      return this.addNote({
        playerId: player,
        noteId: body.noteId,
        content: body.content,
        authorId: staff,
        authorName: name,
      });
    if (reply === undefined) return this.replies.read(request.headers.get("if-none-match"));
    if (this.leads !== null && !this.leads.includes(staff)) return problem(403, "forbidden");
    const id = decodeURIComponent(reply);
    return this.editReplies(body.changeId, id, () => {
      if (request.method === "DELETE") this.replies.delete(id);
      else this.replies.put({ id, team: null, ...body });
    });
  }

  /** Accepts a note, then stores and broadcasts it. */
  addNote(what: Pick<Note, "playerId" | "content" | "authorId" | "authorName"> & Partial<Note>) {
    const content = what.content.trim();
    const length = [...content].length;
    if (length === 0 || length > MAX_CONTENT) return problem(400, "invalid-field", {}, "content");
    const note: Note = {
      noteId: crypto.randomUUID(),
      sessionId: null,
      at: this.#parts.now(),
      truncated: false,
      ...what,
      content,
      mentions: mentionsIn(content),
    };
    const { chance, faults } = this.#parts;
    const isAlone = chance(faults.broadcastAlone);
    if (!isAlone) this.#parts.persist(() => this.notes.write(note));
    const { longestEvent } = faults;
    const truncated = content.length > longestEvent;
    this.#parts.broadcastNote(note, {
      ...noteOf({ ...note, content: content.slice(0, longestEvent) }),
      playerId: note.playerId,
      ...(truncated ? { truncated } : {}),
    });
    if (isAlone) return notAccepted();
    const acceptedAt = rfc3339(note.at);
    return json(202, { success: true, noteId: note.noteId, acceptedAt, status: "accepted" });
  }

  /** Accepts a change of tags or priority, then applies and announces it. */
  changeSession(edit: Omit<SessionEdit, "at">): Response {
    const { changeId = crypto.randomUUID(), tags } = edit;
    const { tags: known } = this.#parts.desk;
    const isUnknown = tags?.add?.some((tag) => known.length > 0 && !known.includes(tag));
    if (isUnknown || tags?.add?.some((tag) => !/^[a-z0-9-]{1,40}$/.test(tag)))
      return problem(400, "invalid-field", {}, "tags");
    const at = this.#parts.now();
    this.#parts.persist(() => {
      const changed = this.#parts.store.edit({ ...edit, at });
      if (changed !== null)
        this.#parts.announce(changed.session, changed.isStale ? [changeId] : []);
    });
    return json(202, { success: true, changeId, acceptedAt: rfc3339(at), status: "accepted" });
  }

  /** Accepts a change of the canned replies, then applies and announces it. */
  editReplies(changeId = crypto.randomUUID() as string, id: string, edit: () => void): Response {
    this.#parts.persist(() => {
      edit();
      const { version } = this.replies;
      this.#parts.broadcastToStaff(CANNED_REPLIES_UPDATED, { version });
    });
    const acceptedAt = rfc3339(this.#parts.now());
    return json(202, { success: true, id, changeId, acceptedAt, status: "accepted" });
  }
}
