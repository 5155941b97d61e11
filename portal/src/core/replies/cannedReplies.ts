import type { Api, CannedReplyRequest } from "../api/api.js";
import { type Failure, type Outcome, succeeded } from "../api/failure.js";
import type { Random } from "../backoff.js";
import type { Features } from "../desk/features.js";
import { newId } from "../id.js";
import { requestChange } from "../inbox/changeStatus.js";
import { Observable, type Unsubscribe } from "../observable.js";
import { Poller } from "../poller.js";
import type { Feed } from "../realtime/feed.js";
import type { CannedReply } from "../types.js";
import { isLead } from "./lead.js";
import { variablesIn } from "./variables.js";

/** The dependencies of `CannedReplies`. */
export interface CannedRepliesParts {
  readonly api: Api;
  readonly feed: Feed;
  readonly features: Features;
  readonly random: Random;
  /** The token of the next call; null without one. */
  readonly token: () => Promise<string | null>;
}

/** How often an open desk asks for them, in milliseconds: an event may have been lost. */
const POLL_MS = 10 * 60_000;
/** All desks receive the event of a change at once: each asks within this time, in milliseconds. */
const SPREAD_MS = 5_000;

/** A change of this desk that the loaded list may lack; a null reply is deleted. */
interface OwnEdit {
  readonly reply: CannedReply | null;
  /** The version of the list when the change was accepted. */
  readonly since: number;
}

/** Whether the gateway does not let the user do this. */
export const isForbidden = (failure: Failure): boolean =>
  failure.kind === "refused" && failure.type?.endsWith(":forbidden") === true;

/** The replies that staff insert, loaded while the desk is open, and their editing by leads. */
export class CannedReplies extends Observable {
  readonly #parts: CannedRepliesParts;
  readonly #poller: Poller;
  readonly #endings: Unsubscribe[] = [];
  readonly #edits = new Map<string, OwnEdit>();
  #replies: readonly CannedReply[] = [];
  #version = -1;
  #etag: string | null = null;
  #failed = false;
  #isLead: boolean | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: CannedRepliesParts) {
    super();
    this.#parts = parts;
    this.#poller = new Poller(
      () => this.#load(),
      () => POLL_MS,
      parts.random,
    );
  }

  /** All replies by shortcut, with the changes of this desk. */
  get all(): readonly CannedReply[] {
    const own = [...this.#edits.values()].flatMap(({ reply }) => reply ?? []);
    const rest = this.#replies.filter(({ id }) => !this.#edits.has(id));
    return [...rest, ...own].sort((a, b) => a.shortcut.localeCompare(b.shortcut));
  }

  /** Whether the list was loaded once. */
  get loaded(): boolean {
    return this.#version >= 0;
  }

  /** Whether the last load failed. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Whether the user may edit them, as far as the token says and the gateway has answered. */
  get mayEdit(): boolean {
    return this.#isLead !== false;
  }

  /** The replies whose shortcut or title has `query`; those whose shortcut begins with it first. */
  find(query: string): readonly CannedReply[] {
    const wanted = query.toLowerCase();
    const rank = ({ shortcut, title }: CannedReply): number => {
      if (shortcut.toLowerCase().startsWith(wanted)) return 0;
      const isIn = `${shortcut} ${title}`.toLowerCase().includes(wanted);
      return isIn ? 1 : 2;
    };
    const ranked = this.all.map((reply) => ({ reply, rank: rank(reply) }));
    return ranked
      .filter(({ rank }) => rank < 2)
      .sort((a, b) => a.rank - b.rank)
      .map(({ reply }) => reply);
  }

  /** The variables of all replies. */
  get variables(): ReadonlySet<string> {
    const bodies = this.all.flatMap((reply) => Object.values(reply.bodies));
    return new Set(bodies.flatMap(variablesIn));
  }

  open(): void {
    const { feed, features } = this.#parts;
    this.#endings.push(
      feed.listen({ cannedReplies: (version) => version > this.#version && this.#askSoon() }),
      feed.subscribe(() => feed.eventHealth.subscribed && this.#askSoon()),
      features.subscribe(() => this.#poller.nudge()),
    );
    this.#poller.start();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#poller.stop();
    for (const end of this.#endings.splice(0)) end();
  }

  /** Loads the list now. */
  refresh(): void {
    this.#poller.nudge();
  }

  /** Creates or changes a reply; for leads. */
  async save({ id, shortcut, title, team, bodies }: CannedReply): Promise<Outcome<null>> {
    const request: CannedReplyRequest = {
      changeId: newId(),
      shortcut,
      title,
      bodies: { ...bodies },
      ...(team === null ? {} : { team }),
    };
    return this.#edit(id, { id, shortcut, title, team, bodies }, () =>
      this.#parts.api.putCannedReply(id, request),
    );
  }

  /** Deletes a reply; for leads. */
  delete(id: string): Promise<Outcome<null>> {
    const changeId = newId();
    return this.#edit(id, null, () => this.#parts.api.deleteCannedReply(id, changeId));
  }

  async #edit(
    id: string,
    reply: CannedReply | null,
    call: () => Promise<Outcome<null>>,
  ): Promise<Outcome<null>> {
    const since = this.#version;
    const outcome = await requestChange(call, this.#parts.random);
    if (outcome.ok) {
      // The list may have it already: its event can be faster than the answer.
      if (this.#version <= since) this.#edits.set(id, { reply, since });
      this.#askSoon();
    } else if (isForbidden(outcome.failure)) {
      this.#isLead = false;
    }
    this.changed();
    return outcome;
  }

  #askSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poller.nudge(), this.#parts.random() * SPREAD_MS);
  }

  async #load(): Promise<Outcome<null>> {
    const { api, features, token } = this.#parts;
    if (!features.teamDesk) return succeeded(null);
    const outcome = await api.cannedReplies(this.#etag);
    const current = await token();
    if (this.#isLead === null && current !== null) this.#isLead = isLead(current);
    this.#failed = !outcome.ok;
    if (outcome.ok && outcome.value !== null) {
      const { version, replies, etag } = outcome.value;
      this.#replies = replies;
      this.#version = version;
      this.#etag = etag;
      for (const [id, { since }] of this.#edits) if (version > since) this.#edits.delete(id);
    }
    this.changed();
    return outcome.ok ? succeeded(null) : outcome;
  }
}
