import type { CannedReply } from "../src/core/types.js";
import { json } from "./wire.js";

/** The stored canned replies. */
export class ReplyStore {
  readonly #replies = new Map<string, CannedReply & { readonly updatedAt: string }>();
  version = 0;

  /** All replies by shortcut. */
  get all(): CannedReply[] {
    return [...this.#replies.values()].sort((a, b) => (a.shortcut < b.shortcut ? -1 : 1));
  }

  /** Writes a reply. Another one with its shortcut gets it a number. */
  put(reply: CannedReply): void {
    const others = this.all.filter(({ id }) => id !== reply.id);
    const isTaken = (shortcut: string) => others.some((other) => other.shortcut === shortcut);
    let { shortcut } = reply;
    for (let number = 2; isTaken(shortcut); number += 1) shortcut = `${reply.shortcut}-${number}`;
    const updatedAt = new Date().toISOString();
    this.#replies.set(reply.id, { ...reply, shortcut, updatedAt });
    this.version += 1;
  }

  delete(id: string): void {
    if (this.#replies.delete(id)) this.version += 1;
  }

  /** The answer to a desk, whose replies are those of `etag`. */
  read(etag: string | null): Response {
    const current = `"${this.version}"`;
    if (etag === current) return new Response(null, { status: 304, headers: { ETag: current } });
    const replies = this.all.map(({ team, ...reply }) => ({
      ...reply,
      ...(team === null ? {} : { team }),
    }));
    return json(200, { version: this.version, replies }, { ETag: current });
  }
}
