import type { NoteRequest } from "../api/api.js";
import type { Chat, NoteParts } from "../chat.js";
import { RecentlyShown } from "../conversation/recentlyShown.js";
import { Drafts } from "../drafts.js";
import { actorOf } from "../inbox/changeStatus.js";
import type { Unsubscribe } from "../observable.js";
import type { OutboxItem } from "../outbox/item.js";
import { Mentions } from "./mentions.js";
import { Notes } from "./notes.js";
import { NoteTexts } from "./noteTexts.js";

/** What a desk needs for notes: those of each conversation, their drafts, and the user's mentions. */
export class StaffNotes {
  /** The unsent note of each conversation. */
  readonly drafts: Drafts;
  readonly texts: NoteTexts;
  readonly mentions: Mentions;
  readonly #recent: RecentlyShown<Notes>;
  readonly #endings: Unsubscribe[] = [];

  constructor(chat: Chat) {
    const { identity } = chat;
    const request = ({ messageId, content }: OutboxItem): NoteRequest => ({
      noteId: messageId,
      content,
      ...actorOf(identity),
    });
    const parts: NoteParts = chat.noteParts((item) =>
      chat.api.addNote(item.playerId, request(item)),
    );
    const { scope, storage, feed } = parts;
    this.drafts = new Drafts(scope, storage, "note-draft");
    this.texts = new NoteTexts(scope, storage);
    this.mentions = new Mentions(identity.subject, scope, storage);
    this.#recent = new RecentlyShown((playerId) => new Notes(playerId, parts));
    this.#endings.push(
      this.drafts.watch(),
      feed.listen({
        note: (note) => this.mentions.take(note),
        digest: (digest) => this.mentions.takeDigest(digest),
      }),
      () => parts.close(),
    );
  }

  /** Opens the notes of a conversation, or resumes them. */
  show(playerId: string): Notes {
    return this.#recent.show(playerId);
  }

  leave(notes: Notes): void {
    this.#recent.leave(notes);
  }

  close(): void {
    this.#recent.close();
    for (const end of this.#endings.splice(0)) end();
  }
}
