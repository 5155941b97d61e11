import createClient, { type Client } from "openapi-fetch";
import type { Clock } from "../clock.js";
import type { Assignment } from "../desk/assignment.js";
import { AVAILABILITIES, type Availability } from "../desk/availability.js";
import type { StaffList, StaffMember } from "../desk/staff.js";
import { micros } from "../order.js";
import {
  parseCannedReply,
  parseCount,
  parseMessage,
  parseNote,
  parseReads,
  parseSession,
  texts,
} from "../parse.js";
import { Problems } from "../problems.js";
import { readableName } from "../readable.js";
import type { CannedReply, Message, Note, Reads, Session, SessionStatus } from "../types.js";
import {
  type Failure,
  failed,
  failureOf,
  type Outcome,
  problemOf,
  succeeded,
  unreachable,
} from "./failure.js";
import type { components, paths } from "./schema.js";
import type { Tokens } from "./tokens.js";

/** The body of a send; see openapi.json. */
export type SendRequest = components["schemas"]["SendRequest"];

/**
 * Selects a page of a conversation: the newest, the one before a cursor, or the one after a `seq`.
 */
export type PageOf = { readonly before?: string; readonly after?: number };

/** A page of a conversation, the oldest message first. */
export interface HistoryPage {
  readonly session: Session | null;
  readonly messages: readonly Message[];
  readonly nextCursor: string | null;
  readonly lastSeq: number;
  /** Null when the gateway keeps no read marks. */
  readonly reads: Reads | null;
}

/** A conversation in the inbox. */
export interface InboxRow {
  readonly session: Session;
  readonly lastMessage: Message;
  /** Counted up to `MOST_UNANSWERED`. */
  readonly unansweredCount: number;
  /**
   * Since when the player waits, in microseconds since 1970; null when the player does not wait.
   */
  readonly waitingSince: number | null;
  /**
   * The player's messages that the user has not read, counted up to `MOST_UNANSWERED`; null when
   * the gateway keeps no read marks.
   */
  readonly unreadCount: number | null;
  /** The `seq` up to which the player has read; null without a mark. */
  readonly playerReadSeq: number | null;
}

/** A requested mark: everything up to and with a message is read, or from a message on unread. */
export type MarkRequest = components["schemas"]["ReadMarkRequest"];

/** A requested change of status. */
export interface StatusRequest {
  readonly status: "active" | "resolved";
  /** Makes the request idempotent. */
  readonly changeId: string;
  /** The session to change; in any other session the change has no effect. */
  readonly sessionId?: string;
  /** The last `seq` that the user has seen: a later player's message makes the change stale. */
  readonly lastSeq?: number;
  /** The member of staff; the token's `sub` takes precedence. */
  readonly actorId?: string;
  readonly actorName?: string;
}

/** The member of staff who acts; the token's `sub` takes precedence. */
export interface Actor {
  readonly actorId: string;
  readonly actorName?: string;
}

/** A requested assignment of a session. */
export type AssignmentRequest = Assignment &
  Actor & {
    /** Makes the request idempotent. */
    readonly changeId: string;
    /** The session to change; in any other session the request has no effect. */
    readonly sessionId?: string;
  };

/** The conversations that a page of the inbox lists. */
export interface InboxQuery {
  readonly status: SessionStatus | "pending,active";
  readonly order: InboxOrder;
  /** Only those of a member of the staff, or `none` for those that no member has. */
  readonly assignee?: string;
}

/** The body of a note; see openapi.json. */
export type NoteRequest = components["schemas"]["NoteRequest"];

/** A requested change of a session's tags or priority. */
export type SessionRequest = components["schemas"]["SessionRequest"];

/** A canned reply as a lead writes it. */
export type CannedReplyRequest = components["schemas"]["CannedReplyRequest"];

/** A page of notes, the oldest first. */
export interface NotePage {
  readonly notes: readonly Note[];
  readonly nextCursor: string | null;
}

/** The canned replies. */
export interface CannedReplyList {
  readonly version: number;
  readonly replies: readonly CannedReply[];
  /** For the next call; null where the browser hides the header. */
  readonly etag: string | null;
}

/** The order of the inbox: by the latest message, or by priority and the longest wait. */
export type InboxOrder = "latest" | "waiting";

/** A page of the inbox. */
export interface InboxPage {
  readonly rows: readonly InboxRow[];
  readonly nextCursor: string | null;
}

/** Lets a Pusher connection subscribe to a channel. */
export interface Authorization {
  readonly auth: string;
  readonly shared_secret?: string;
  readonly channel_data?: string;
}

const CALL_TIMEOUT_MS = 10_000;
const HISTORY_LIMIT = 100;
const INBOX_LIMIT = 200;
const NOTES_LIMIT = 100;

/** The gateway's calls. They do not throw: a failure is part of the outcome. */
export class Api {
  readonly #client: Client<paths>;
  readonly #tokens: Tokens;
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  readonly #problems: Problems;
  /** The gateway's address, without a slash at its end. */
  readonly baseUrl: string;

  constructor(
    baseUrl: string,
    tokens: Tokens,
    clock: Clock,
    fetcher: typeof fetch = (input) => fetch(input),
    problems: Problems = new Problems(null),
  ) {
    this.#problems = problems;
    this.#clock = clock;
    this.#tokens = tokens;
    this.#fetch = fetcher;
    const absolute = new URL(baseUrl || "/", globalThis.location?.href ?? "http://localhost");
    this.baseUrl = absolute.href.replace(/\/$/, "");
    this.#client = createClient<paths>({
      baseUrl: this.baseUrl,
      fetch: (request) => this.#authorized(request),
    });
  }

  /** Sends a message. The value is when it was accepted, in microseconds since 1970. */
  async send(body: SendRequest): Promise<Outcome<number>> {
    const answer = await this.#outcome("send a message", () =>
      this.#client.POST("/api/staff-chat-integration/send", { body, signal: deadline() }),
    );
    return map(answer, (accepted) => micros(accepted.acceptedAt));
  }

  async history(playerId: string, page: PageOf): Promise<Outcome<HistoryPage>> {
    const params = { path: { playerId }, query: { limit: HISTORY_LIMIT, ...page } };
    const answer = await this.#outcome("read a conversation", () =>
      this.#client.GET("/api/unified-chat/conversations/{playerId}", {
        params,
        signal: deadline(),
      }),
    );
    return map(answer, (history) => ({
      session: parseSession(history.session, playerId),
      messages: history.messages.map(parseMessage).filter((message) => message !== null),
      nextCursor: history.nextCursor ?? null,
      lastSeq: history.lastSeq,
      reads: parseReads(history.reads),
    }));
  }

  async inbox(wanted: InboxQuery, cursor: string | null): Promise<Outcome<InboxPage>> {
    const query = { ...wanted, limit: INBOX_LIMIT, ...(cursor === null ? {} : { cursor }) };
    const answer = await this.#outcome("read the inbox", () =>
      this.#client.GET("/api/unified-chat/conversations", {
        params: { query },
        signal: deadline(),
      }),
    );
    return map(answer, (page) => ({
      rows: page.conversations.flatMap((row) => {
        const session = parseSession(row.session, row.playerId);
        const lastMessage = parseMessage(row.lastMessage);
        if (session === null || lastMessage === null) return [];
        return [
          {
            session,
            lastMessage,
            unansweredCount: row.unansweredCount,
            waitingSince: waitingSinceOf(row),
            unreadCount: parseCount(row.unreadCount),
            playerReadSeq: parseCount(row.playerReadSeq),
          },
        ];
      }),
      nextCursor: page.nextCursor ?? null,
    }));
  }

  /** Takes or resolves a conversation's open session. */
  async changeStatus(playerId: string, body: StatusRequest): Promise<Outcome<null>> {
    const answer = await this.#outcome("change a status", () =>
      this.#client.POST("/api/unified-chat/conversations/{playerId}/status", {
        params: { path: { playerId } },
        body,
        // The user may leave the page just after the request.
        keepalive: true,
        signal: deadline(),
      }),
    );
    return map(answer, () => null);
  }

  /** Takes, gives or puts back a conversation's open session. */
  async assign(playerId: string, request: AssignmentRequest): Promise<Outcome<null>> {
    const body = withoutNulls(request);
    const answer = await this.#outcome("assign a conversation", () =>
      this.#client.POST("/api/unified-chat/conversations/{playerId}/assignment", {
        params: { path: { playerId } },
        body,
        // The user may leave the page just after the request.
        keepalive: true,
        signal: deadline(),
      }),
    );
    return map(answer, () => null);
  }

  /**
   * Sets whether the user takes conversations. The value is when it was accepted, in microseconds
   * since 1970.
   */
  async setAvailability(request: Availability & Actor): Promise<Outcome<number>> {
    const body = withoutNulls(request);
    const answer = await this.#outcome("set the availability", () =>
      this.#client.PUT("/api/staff/availability", { body, signal: deadline() }),
    );
    return map(answer, (accepted) => micros(accepted.acceptedAt));
  }

  /** The staff, the teams and the tags. */
  async staff(): Promise<Outcome<StaffList>> {
    const answer = await this.#outcome("read the staff", () =>
      this.#client.GET("/api/staff", { signal: deadline() }),
    );
    return map(answer, ({ staff, teams, tags }) => ({
      staff: staff.map(memberOf),
      teams: texts(teams),
      tags: texts(tags),
    }));
  }

  /** Marks a conversation's messages. */
  async mark(playerId: string, body: MarkRequest): Promise<Outcome<null>> {
    const answer = await this.#outcome(
      "mark messages as read",
      () =>
        this.#client.POST("/api/unified-chat/conversations/{playerId}/read", {
          params: { path: { playerId } },
          body,
          // The user may leave the page just after the mark, which `sendBeacon` could send only
          // without the token.
          keepalive: true,
          signal: deadline(),
        }),
      // A gateway without read marks refuses them; the chat goes on without.
      (failure) => failure.kind !== "refused",
    );
    return map(answer, () => null);
  }

  /** Sends a note. The value is when it was accepted, in microseconds since 1970. */
  async addNote(playerId: string, body: NoteRequest): Promise<Outcome<number>> {
    const answer = await this.#outcome("send a note", () =>
      this.#client.POST("/api/unified-chat/conversations/{playerId}/notes", {
        params: { path: { playerId } },
        body,
        signal: deadline(),
      }),
    );
    return map(answer, (accepted) => micros(accepted.acceptedAt));
  }

  /** A page of a conversation's notes: the newest, or the one before a cursor. */
  async notes(playerId: string, before: string | null): Promise<Outcome<NotePage>> {
    const query = { limit: NOTES_LIMIT, ...(before === null ? {} : { before }) };
    const answer = await this.#outcome("read notes", () =>
      this.#client.GET("/api/unified-chat/conversations/{playerId}/notes", {
        params: { path: { playerId }, query },
        signal: deadline(),
      }),
    );
    return map(answer, (page) => ({
      notes: page.notes.map((note) => parseNote(note, playerId)).filter((note) => note !== null),
      nextCursor: page.nextCursor ?? null,
    }));
  }

  /** Changes a session's tags or priority. */
  async changeSession(playerId: string, body: SessionRequest): Promise<Outcome<null>> {
    const answer = await this.#outcome("change a session", () =>
      this.#client.POST("/api/unified-chat/conversations/{playerId}/session", {
        params: { path: { playerId } },
        body,
        keepalive: true,
        signal: deadline(),
      }),
    );
    return map(answer, () => null);
  }

  /** The canned replies; null when they are still those of `etag`. */
  async cannedReplies(etag: string | null): Promise<Outcome<CannedReplyList | null>> {
    const header = etag === null ? {} : { "If-None-Match": etag };
    let response: Response | null = null;
    const answer = await this.#outcome(
      "read the canned replies",
      async () => {
        const result = await this.#client.GET("/api/staff/canned-replies", {
          params: { header },
          signal: deadline(),
        });
        response = result.response;
        return result;
      },
      () => response?.status !== 304,
    );
    const { status, headers } = (response as Response | null) ?? {};
    if (status === 304) return succeeded(null);
    return map(answer, ({ version, replies }) => ({
      version,
      replies: replies.map(parseCannedReply).filter((reply) => reply !== null),
      etag: headers?.get("etag") ?? null,
    }));
  }

  /** Writes a canned reply; for leads. */
  async putCannedReply(id: string, body: CannedReplyRequest): Promise<Outcome<null>> {
    const answer = await this.#outcome("write a canned reply", () =>
      this.#client.PUT("/api/staff/canned-replies/{id}", {
        params: { path: { id } },
        body,
        signal: deadline(),
      }),
    );
    return map(answer, () => null);
  }

  /** Deletes a canned reply; for leads. */
  async deleteCannedReply(id: string, changeId: string): Promise<Outcome<null>> {
    const answer = await this.#outcome("delete a canned reply", () =>
      this.#client.DELETE("/api/staff/canned-replies/{id}", {
        params: { path: { id }, query: { changeId } },
        signal: deadline(),
      }),
    );
    return map(answer, () => null);
  }

  /** Lets the Pusher connection `socketId` subscribe to `channel`. */
  async authorize(socketId: string, channel: string): Promise<Outcome<Authorization>> {
    return this.#outcome("authorize a subscription", () =>
      this.#client.POST("/api/pusher/auth", {
        body: { socket_id: socketId, channel_name: channel },
        bodySerializer: (body) => new URLSearchParams(body).toString(),
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        signal: deadline(),
      }),
    );
  }

  /** `task` names the call in the problem that developers receive, if `isReported` says so. */
  async #outcome<T>(
    task: string,
    call: () => Promise<{ data?: T; error?: unknown; response: Response }>,
    isReported: (failure: Failure) => boolean = () => true,
  ): Promise<Outcome<T>> {
    try {
      const { data, error, response } = await call();
      if (response.ok && data !== undefined) {
        this.#problems.clear(task);
        return succeeded(data);
      }
      const failure = response.ok ? UNREACHABLE : failureOf(response, error);
      if (isReported(failure))
        this.#problems.report(task, problemOf(task, failure, response.status, error));
      return failed(failure);
    } catch (cause) {
      // fetch throws the same error for a lost network and for an answer that CORS hides.
      this.#problems.report(task, unreachable(task, cause));
      return failed(UNREACHABLE);
    }
  }

  /** Reads JSON from a path below the gateway's address. */
  async read(task: string, path: string): Promise<Outcome<unknown>> {
    return this.call(
      task,
      () => this.#authorized(new Request(this.baseUrl + path, { signal: deadline() })),
      // What is not there is shown to the user.
      (failure) => failure.kind !== "refused",
    );
  }

  /** Makes a call that `send` sends, and reads its JSON. */
  call(
    task: string,
    send: () => Promise<Response>,
    isReported: (failure: Failure) => boolean,
  ): Promise<Outcome<unknown>> {
    const call = async () => {
      const response = await send();
      const body: unknown = await response.json().catch(() => null);
      return response.ok ? { data: body, response } : { error: body, response };
    };
    return this.#outcome<unknown>(task, call, isReported);
  }

  /** Sends a call with the user's token, and again with a newer one when the token was refused. */
  async withToken(send: (token: string | null) => Promise<Response>): Promise<Response> {
    const token = await this.#tokens.current();
    const response = await send(token);
    this.#clock.adjust(response.headers.get("date"));
    if (response.status !== 401) return this.#recordToken(token, response);
    const newer = await this.#tokens.replacement(token);
    if (newer === null) return response;
    return this.#recordToken(newer, await send(newer));
  }

  #authorized(request: Request): Promise<Response> {
    const retry = request.clone();
    let next = request;
    return this.withToken((token) => {
      const sent = next;
      next = retry;
      return this.#fetch(addToken(sent, token));
    });
  }

  /** Records whether the gateway accepted the token of the request. */
  #recordToken(token: string | null, response: Response): Response {
    if (response.status === 401) this.#tokens.markRefused(token);
    else if (response.ok || response.status === 403) this.#tokens.markAccepted(token);
    return response;
  }
}

const UNREACHABLE: Failure = { kind: "unreachable" };

const deadline = (): AbortSignal => AbortSignal.timeout(CALL_TIMEOUT_MS);

function memberOf(member: components["schemas"]["StaffMember"]): StaffMember {
  const { id, name = null, teams, status, open, capacity = null } = member;
  const known = AVAILABILITIES.find((each) => each === status) ?? "away";
  const seenAt = micros(member.seenAt);
  return {
    id,
    name: readableName(name),
    teams: texts(teams),
    status: known,
    open,
    capacity,
    seenAt,
  };
}

/** The fields of a request that have a value. */
function withoutNulls<T extends object>(request: T): { [Key in keyof T]: NonNullable<T[Key]> } {
  const entries = Object.entries(request).filter(([, value]) => value !== null);
  return Object.fromEntries(entries) as { [Key in keyof T]: NonNullable<T[Key]> };
}

function waitingSinceOf(row: object): number | null {
  const since =
    "waitingSince" in row && typeof row.waitingSince === "string" ? row.waitingSince : "";
  const at = micros(since);
  return Number.isNaN(at) ? null : at;
}

function addToken(request: Request, token: string | null): Request {
  if (token !== null) request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}

function map<T, U>(outcome: Outcome<T>, to: (value: T) => U): Outcome<U> {
  return outcome.ok ? succeeded(to(outcome.value)) : outcome;
}
