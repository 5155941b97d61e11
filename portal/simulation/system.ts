import type { Random } from "../src/core/backoff.js";
import type { ReadMarksSetting } from "../src/core/config.js";
import {
  MESSAGE_REJECTED,
  MESSAGE_SENT,
  READ_UPDATED,
  SESSION_UPDATED,
} from "../src/core/realtime/channels.js";
import type { Identity, Message, Session } from "../src/core/types.js";
import type { RequestedAssignment, StoredAssignment } from "./assignments.js";
import { SimulatedAttachments } from "./attachments.js";
import { type Bounds, Coalescer } from "./coalescer.js";
import { SimulatedDesk } from "./desk.js";
import { type FaultSource, type Faults, NO_FAULTS, type Range } from "./faults.js";
import { NotesAndReplies } from "./notesAndReplies.js";
import { memberOf, SimulatedGuest, SimulatedPresence } from "./presence.js";
import { readHistory, readInbox } from "./reads.js";
import { type Change, type Mark, Store } from "./store.js";
import { SimulatedTransport } from "./transport.js";
import { eventOf, json, notAccepted, problem, rfc3339, sessionOf, staffSessionOf } from "./wire.js";

/** The given fields of a message; the others get defaults. */
export type NewMessage = Partial<Message> & Pick<Message, "playerId" | "senderType" | "content">;

/** The body of a send. */
type SendBody = Omit<NewMessage, "content" | "attachments"> & {
  readonly content?: string;
  readonly topic?: string | null;
  /** The tokens of its files. */
  readonly attachments?: readonly string[];
};

const STAFF_CHANNEL = "private-staff-portal";

function withDefaults(message: NewMessage): Message {
  return {
    messageId: crypto.randomUUID(),
    playerName: null,
    senderId: null,
    senderName: null,
    at: 0,
    seq: null,
    sessionId: null,
    truncated: false,
    attachments: [],
    ...message,
  };
}

const readerOf = ({ role, subject }: Identity): string =>
  role === "player" ? "player" : `staff:${subject}`;

/**
 * The whole system as a portal sees it, in memory. Accepting, persisting and broadcasting take
 * random times, so that events arrive out of order, and `faults` strike at random.
 */
export class SimulatedSystem implements FaultSource {
  faults: Faults = { ...NO_FAULTS };
  /** The least number of messages in a page of history, whatever its `limit`. */
  pageSize = 0;
  /** The limits of the staff channel; null sends an event for each message. */
  bounds: Bounds | null = null;
  readonly store = new Store();
  readonly desk = new SimulatedDesk();
  /** The presence channels, and the client events on them. */
  readonly presence = new SimulatedPresence();
  /** The number of calls that arrived. */
  calls = 0;
  /** The number of sends that arrived. */
  sends = 0;
  /** Whether the gateway keeps read marks. */
  readMarks: ReadMarksSetting = "off";
  /** The read marks that arrived, whether or not they were accepted. */
  readonly marks: Mark[] = [];
  readonly #random: Random;
  readonly #transports = new Set<SimulatedTransport>();
  readonly #coalescer = new Coalescer((name, data) => this.#broadcast(STAFF_CHANNEL, name, data));
  /** Notes, tags, priority and canned replies. */
  readonly notesAndReplies: NotesAndReplies;
  /** Files of messages. */
  readonly attachments: SimulatedAttachments;
  #held: PromiseWithResolvers<void> | null = null;
  #clock = 0;

  constructor(random: Random) {
    this.#random = random;
    const system = this;
    this.attachments = new SimulatedAttachments({
      get faults() {
        return system.faults;
      },
      chance: (probability) => this.chance(probability),
      between: (range) => this.between(range),
      store: this.store,
      now: () => this.now(),
      wait: (ms) => this.#wait([ms, ms]),
    });
    this.notesAndReplies = new NotesAndReplies({
      get faults() {
        return system.faults;
      },
      chance: (probability) => this.chance(probability),
      between: (range) => this.between(range),
      store: this.store,
      desk: this.desk,
      now: () => this.now(),
      persist: (work) => this.#later(this.faults.persist, work),
      broadcastToStaff: (name, data) =>
        this.#later(this.faults.broadcast, () => this.#broadcast(STAFF_CHANNEL, name, data)),
      broadcastNote: (note, event) =>
        this.#later(this.faults.broadcast, () => this.#coalescer.addNote(note, event, this.bounds)),
      announce: (session, stale) => this.#announce(session, stale),
    });
  }

  /** The `fetch` of a portal without a known user. */
  readonly fetch = (input: RequestInfo | URL): Promise<Response> =>
    this.#fetch(input as Request, null);

  /** The `fetch` of a user's portal. */
  fetchOf(user: Identity): typeof fetch {
    return (input) => this.#fetch(input as Request, user);
  }

  async #fetch(request: Request, user: Identity | null): Promise<Response> {
    await this.#wait(this.faults.latency);
    if (this.faults.networkFails || this.chance(this.faults.loseRequest))
      throw new TypeError("lost");
    const response = await this.#answer(request, user);
    const date = new Date(Date.now() + this.faults.clockAheadMs);
    response.headers.set("Date", date.toUTCString());
    await this.#held?.promise;
    await this.#wait(this.faults.latency);
    if (this.faults.networkFails || this.chance(this.faults.loseAnswer))
      throw new TypeError("lost");
    return response;
  }

  /** A user's connection to Pusher. */
  transport(user: Identity): SimulatedTransport {
    const transport = new SimulatedTransport(this, this.presence, memberOf(user));
    this.#transports.add(transport);
    return transport;
  }

  /** Opens a player's conversation for a user without a page. */
  join(user: Identity, playerId: string): SimulatedGuest {
    return new SimulatedGuest(this.presence, user, playerId);
  }

  /** Holds back all answers from now on. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  /** Sends the answers that were held back. */
  release(): void {
    this.#held?.resolve();
    this.#held = null;
  }

  /** Closes all connections to Pusher; they reconnect by themselves. */
  disconnect(): void {
    for (const transport of this.#transports) transport.lose();
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  between([least, most]: Range): number {
    return least + this.#random() * (most - least);
  }

  /** Accepts a message, then persists and broadcasts it. */
  send(message: NewMessage): Message {
    return this.#accept(withDefaults(message));
  }

  /** Stores a message without an event. */
  persist(message: NewMessage): Message {
    const accepted = { ...withDefaults(message), at: message.at ?? this.now() };
    this.store.write(accepted);
    return accepted;
  }

  /** The time of the next accepted message, in microseconds since 1970. */
  now(): number {
    const machine = (Date.now() + this.faults.clockAheadMs) * 1000;
    this.#clock = Math.max(this.#clock + 1, machine + Math.floor(this.#random() * 1000));
    return this.#clock;
  }

  async #answer(request: Request, user: Identity | null): Promise<Response> {
    this.calls += 1;
    const reader = user === null ? null : readerOf(user);
    const { pathname, searchParams } = new URL(request.url);
    const { token } = this.faults;
    if (token !== null && request.headers.get("authorization") !== `Bearer ${token}`) {
      return problem(401, "unauthorized");
    }
    if (this.faults.forbidden) return problem(403, "forbidden");
    if (this.chance(this.faults.busy)) {
      return problem(this.chance(0.5) ? 503 : 429, "not-accepted", { "Retry-After": "1" });
    }
    if (pathname.endsWith("/staff-chat-integration/send")) return this.#send(await request.json());
    if (pathname.endsWith("/pusher/auth")) return json(200, { auth: "simulated" });
    if (this.faults.readsFail && request.method === "GET") {
      return problem(503, "history-unavailable", { "Retry-After": "1" });
    }
    const file = await this.attachments.answer(request);
    if (file !== null) return file;
    if (user !== null && this.desk.enabled) {
      const answer =
        (await this.notesAndReplies.answer(request, user)) ??
        (await this.#answerDesk(request, pathname, user));
      if (answer !== null) return answer;
    }
    const caller = { reader, readMarks: this.readMarks };
    const [, playerId, call] = /conversations\/([^/]+)(\/status|\/read)?$/.exec(pathname) ?? [];
    if (playerId === undefined) return readInbox(this.store, searchParams, caller);
    const player = decodeURIComponent(playerId);
    if (call === "/read") {
      const { messageId, unreadFrom } = await request.json();
      return this.mark({ playerId: player, reader: reader ?? "player", messageId, unreadFrom });
    }
    if (call !== undefined) {
      return this.changeStatus({
        actorId: "ada",
        actorName: "Ada",
        ...(await request.json()),
        playerId: player,
      });
    }
    return readHistory(this.store, player, searchParams, this.pageSize, caller);
  }

  /** The answer to a call that only a team desk has; null for any other. */
  async #answerDesk(request: Request, path: string, user: Identity): Promise<Response | null> {
    const { desk, store, faults } = this;
    if (path.endsWith("/api/staff")) return desk.list(store);
    if (path.endsWith("/api/staff/availability")) {
      if (faults.sendsFail) return notAccepted();
      return desk.setAvailability(user.subject, user.name, await request.json());
    }
    const [, playerId] = /conversations\/([^/]+)\/assignment$/.exec(path) ?? [];
    if (playerId === undefined) return null;
    if (faults.sendsFail) return notAccepted();
    const { team = null, ...body } = await request.json();
    const actor = { actorId: user.subject, actorName: user.name };
    return this.assign({ ...body, team, ...actor, playerId: decodeURIComponent(playerId) });
  }

  /** Accepts an assignment, then applies and broadcasts it. */
  assign(change: RequestedAssignment): Response {
    const at = this.now();
    const { changeId } = change;
    const { session } = this.store.conversation(change.playerId);
    if (change.action !== "release" && session?.status === "resolved")
      return problem(400, "invalid-field", {}, "action");
    const assignee = change.action === "assign" ? change.assigneeId : change.actorId;
    if (assignee !== change.actorId && !this.desk.staff.has(assignee))
      return problem(400, "invalid-field", {}, "assigneeId");
    this.#later(this.faults.persist, () => this.#assign({ ...change, at }));
    return json(202, { success: true, changeId, acceptedAt: rfc3339(at), status: "accepted" });
  }

  #assign(change: StoredAssignment): void {
    const assigned = this.store.assign(change);
    if (assigned === null) return;
    const { session, isStale, hasChanged } = assigned;
    if (isStale || hasChanged) this.#announce(session, isStale ? [change.changeId] : []);
  }

  /** A change or an answer of a member of the staff is a claim as well. */
  #claim(action: "claim" | "assign", change: Omit<StoredAssignment, "action">): void {
    if (!this.desk.enabled) return;
    const { actorId: assigneeId, actorName: assigneeName } = change;
    this.#assign({ ...change, action, assigneeId, assigneeName } as StoredAssignment);
  }

  #send({ topic = null, attachments: tokens = [], ...body }: SendBody): Response {
    if (this.faults.sendsFail) return notAccepted();
    this.sends += 1;
    const { refusal } = this.faults;
    if (refusal !== null) return problem(400, refusal);
    const isExpired = tokens.length > 0 && this.faults.fileTokensExpire;
    const files = isExpired ? null : this.attachments.filesOf(body.playerId, tokens);
    if (files === null) return problem(400, "invalid-field", {}, "attachments[0]");
    const content = body.content ?? files[0]?.name ?? "";
    if (content.includes("\0")) return problem(400, "invalid-field");
    if (topic !== null && !this.desk.teams.includes(topic))
      return problem(400, "invalid-field", {}, "topic");
    const message = withDefaults({ ...body, content, attachments: files });
    if (this.chance(this.faults.broadcastAlone)) {
      this.#broadcastLater({ ...message, at: this.now() });
      return notAccepted();
    }
    const { at } = this.#accept(message, topic);
    return json(202, {
      success: true,
      messageId: body.messageId,
      acceptedAt: rfc3339(at),
      status: "accepted",
    });
  }

  /** A repeated message is accepted at another time and broadcast again. */
  #accept(message: Message, topic: string | null = null): Message {
    const accepted = { ...message, at: message.at || this.now() };
    this.#later(this.faults.persist, () => {
      const { session, isRejected } = this.store.write(accepted, topic);
      if (session !== null) this.#announce(session);
      if (isRejected) this.#reject(accepted);
      const { playerId, messageId: changeId, senderType, senderId, senderName, at } = accepted;
      if (senderType !== "staff" || senderId === null || isRejected) return;
      this.#claim("claim", { playerId, changeId, actorId: senderId, actorName: senderName, at });
    });
    this.#broadcastLater(accepted);
    return accepted;
  }

  #broadcastLater(accepted: Message): void {
    this.#later(this.faults.broadcast, () => {
      const { longestEvent } = this.faults;
      const lacksFiles = this.faults.eventsLackFiles && accepted.attachments.length > 0;
      const truncated = accepted.content.length > longestEvent || lacksFiles;
      const content = accepted.content.slice(0, longestEvent);
      const attachments = lacksFiles ? [] : accepted.attachments;
      const event = eventOf({ ...accepted, content, truncated, attachments });
      // Players receive no staff ids.
      const isAnswer = accepted.senderType === "staff";
      const toPlayer = isAnswer ? { ...event, senderId: undefined } : event;
      if (accepted.senderType === "player") this.#coalescer.add(accepted, event, this.bounds);
      else this.#broadcast(STAFF_CHANNEL, MESSAGE_SENT, event);
      this.#broadcast(`private-player-${accepted.playerId}`, MESSAGE_SENT, toPlayer);
    });
  }

  #reject({ messageId, playerId }: Message): void {
    const event = { messageId, playerId, reason: "message-id-taken" };
    this.#later(this.faults.broadcast, () => {
      for (const channel of [STAFF_CHANNEL, `private-player-${playerId}`]) {
        this.#broadcast(channel, MESSAGE_REJECTED, event);
      }
    });
  }

  /** Accepts a change of status, then applies and broadcasts it. */
  changeStatus(change: Omit<Change, "at">): Response {
    if (this.faults.sendsFail) return notAccepted();
    const at = this.now();
    this.#later(this.faults.persist, () => {
      const { session } = this.store.conversation(change.playerId);
      const wasResolved = session?.status === "resolved";
      const changed = this.store.change({ ...change, at });
      if (changed === null) return;
      this.#announce(changed.session, changed.isStale ? [changeId] : []);
      const { playerId, actorId = null, actorName = null } = change;
      if (change.status !== "active" || changed.isStale || actorId === null) return;
      const actor = { actorId, actorName };
      this.#claim(wasResolved ? "assign" : "claim", { playerId, changeId, ...actor, at });
    });
    const { changeId } = change;
    return json(202, { success: true, changeId, acceptedAt: rfc3339(at), status: "accepted" });
  }

  /** Accepts a read mark, then applies and broadcasts it. */
  mark(requested: Omit<Mark, "at">): Response {
    const mark = { ...requested, at: this.now() };
    this.marks.push(mark);
    const { markRefusal } = this.faults;
    if (markRefusal !== null) return problem(markRefusal, "refused");
    if (this.readMarks === "off") return problem(404, "not-found");
    if (this.faults.sendsFail) return notAccepted();
    this.#later(this.faults.persist, () => this.#applyMark(mark));
    return json(202, {
      success: true,
      messageId: mark.messageId ?? mark.unreadFrom,
      acceptedAt: rfc3339(mark.at),
      status: "accepted",
    });
  }

  #applyMark(mark: Mark): void {
    const read = this.store.mark(mark);
    const isPlayers = mark.reader === "player";
    if (read === null || mark.messageId === undefined) return;
    if (!isPlayers && this.readMarks !== "both") return;
    const { seq, messageId, readAt } = read;
    const event = {
      playerId: mark.playerId,
      readerType: isPlayers ? "player" : "staff",
      seq,
      messageId,
      readAt: rfc3339(readAt),
    };
    this.#later(this.faults.broadcast, () =>
      this.#broadcast(`private-player-${mark.playerId}`, READ_UPDATED, event),
    );
  }

  #announce(session: Session, stale: readonly string[] = []): void {
    this.#later(this.faults.broadcast, () => {
      this.#broadcast(STAFF_CHANNEL, SESSION_UPDATED, staffSessionOf(session, stale));
      this.#broadcast(`private-player-${session.playerId}`, SESSION_UPDATED, sessionOf(session));
    });
  }

  #broadcast(channel: string, name: string, data: unknown): void {
    for (const transport of this.#transports) transport.deliver(channel, name, data);
  }

  #later(times: Range, work: () => void): void {
    setTimeout(work, this.between(times));
  }

  #wait(times: Range): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.between(times)));
  }
}
