import type { Conversation } from "./conversation.js";

/** So many conversations are kept open, the one that is shown among them. */
const MAX_OPEN = 12;

/** The conversations that were shown last. They stay open, so that they are shown again at once. */
export class RecentConversations {
  readonly #make: (playerId: string) => Conversation;
  readonly #open = new Map<string, Conversation>();

  constructor(make: (playerId: string) => Conversation) {
    this.#make = make;
  }

  /** The conversation with a player, which asks for what is new until it is left. */
  show(playerId: string): Conversation {
    const known = this.#open.get(playerId);
    const conversation = known ?? this.#make(playerId);
    this.#open.delete(playerId);
    this.#open.set(playerId, conversation);
    if (known === undefined) conversation.open();
    else conversation.wake();
    for (const [oldest, least] of this.#open) {
      if (this.#open.size <= MAX_OPEN) break;
      this.#open.delete(oldest);
      least.close();
    }
    return conversation;
  }

  leave(conversation: Conversation): void {
    conversation.rest();
  }

  close(): void {
    for (const conversation of this.#open.values()) conversation.close();
    this.#open.clear();
  }
}
