import type { Conversation } from "./conversation.js";

/** The number of conversations that stay open, including the one shown. */
const MAX_OPEN = 12;

/** Keeps the last conversations open, so that the user sees them again without loading. */
export class RecentConversations {
  readonly #make: (playerId: string) => Conversation;
  readonly #open = new Map<string, Conversation>();

  constructor(make: (playerId: string) => Conversation) {
    this.#make = make;
  }

  /** Opens or resumes the conversation with a player. */
  show(playerId: string): Conversation {
    const known = this.#open.get(playerId);
    const conversation = known ?? this.#make(playerId);
    this.#open.delete(playerId);
    this.#open.set(playerId, conversation);
    if (known === undefined) conversation.open();
    else conversation.resume();
    for (const [oldest, least] of this.#open) {
      if (this.#open.size <= MAX_OPEN) break;
      this.#open.delete(oldest);
      least.close();
    }
    return conversation;
  }

  leave(conversation: Conversation): void {
    conversation.pause();
  }

  close(): void {
    for (const conversation of this.#open.values()) conversation.close();
    this.#open.clear();
  }
}
