import type { StatusRequest } from "./api/api.js";
import { Api } from "./api/api.js";
import type { Outcome } from "./api/failure.js";
import { type GetToken, Tokens } from "./api/tokens.js";
import type { BlobStorage } from "./attachments/blobs.js";
import { DeferredAttachments } from "./attachments/deferredAttachments.js";
import type { Uploader } from "./attachments/upload.js";
import { backoff, type Random } from "./backoff.js";
import { Clock } from "./clock.js";
import { loadConfig, type PortalConfig, readMarksOf } from "./config.js";
import { Conversation, type ConversationParts } from "./conversation/conversation.js";
import { LastTopic } from "./conversation/lastTopic.js";
import { MarkSender } from "./conversation/markSender.js";
import { OwnAssignments } from "./desk/assignment.js";
import { OwnAvailability } from "./desk/availability.js";
import { Features } from "./desk/features.js";
import { StaffDirectory } from "./desk/staff.js";
import { Drafts } from "./drafts.js";
import { BrowserEnvironment, type Environment } from "./environment.js";
import { newId } from "./id.js";
import { actorOf, changeStatus } from "./inbox/changeStatus.js";
import { Inbox, type InboxParts } from "./inbox/inbox.js";
import { ReadMarks } from "./inbox/readMarks.js";
import type { Unsubscribe } from "./observable.js";
import { NO_UPLOADS } from "./outbox/files.js";
import { requestOf } from "./outbox/item.js";
import { Outbox, type OutboxParts } from "./outbox/outbox.js";
import { LocalOutboxStorage, localStorageOrNull, type OutboxStorage } from "./outbox/storage.js";
import { openTab, type Tab } from "./outbox/tab.js";
import { type OnProblem, Problems } from "./problems.js";
import { DeferredRealtime } from "./realtime/deferredRealtime.js";
import { Feed } from "./realtime/feed.js";
import { PusherTransport } from "./realtime/pusher.js";
import { Realtime, type Transport } from "./realtime/realtime.js";
import type { CannedRepliesParts } from "./replies/cannedReplies.js";
import { isLead } from "./replies/lead.js";
import type { Identity, Session } from "./types.js";

/** How a portal uses the chat. */
export interface ChatOptions {
  /** The gateway's address, such as `https://chat.example.com`; empty for the page's own origin. */
  readonly apiUrl: string;
  readonly identity: Identity;
  /** The token of each call. Without it and `getToken`, calls carry none. */
  readonly token?: string | null;
  /** Returns a new token when there is none, or the gateway refused the last one. */
  readonly getToken?: GetToken | null;
  /** How to receive events; without it, the gateway's answer of `/api/portal/config`. */
  readonly config?: PortalConfig | null;
  /**
   * Whether this page takes part in typing and presence where the gateway has them; by default true.
   */
  readonly typing?: boolean;
  /** Receives what keeps the chat from working; without it, the browser's console does. */
  readonly onProblem?: OnProblem | null;
  /** Replacements for parts of the browser; keep the object identical between renderings. */
  readonly around?: ChatEnvironment;
}

/** Replacements for parts of the browser and the network, as in a test. */
export interface ChatEnvironment {
  readonly fetch?: typeof fetch;
  readonly transport?: (config: PortalConfig, api: Api) => Transport;
  readonly storage?: OutboxStorage;
  /** Stores unsent notes; without it and with `storage`, they live as long as the tab. */
  readonly noteStorage?: OutboxStorage;
  /** Keeps the bytes of unsent files; by default IndexedDB. */
  readonly blobs?: BlobStorage;
  /** Uploads the bytes of files; by default XMLHttpRequest, which reports progress. */
  readonly uploader?: Uploader;
  readonly tab?: Tab;
  readonly environment?: Environment;
  readonly random?: Random;
}

/** What the notes of a desk are made of. */
export interface NoteParts extends ConversationParts {
  /** Sends notes. */
  readonly outbox: Outbox;
  /** The browser's storage; null without one. */
  readonly storage: Storage | null;
  /** Separates the users and systems of one browser. */
  readonly scope: string;
  /** Closes the outbox. */
  close(): void;
}

/** One user's chat: what the user's conversations and inbox share. */
export class Chat {
  readonly api: Api;
  /** The gateway's time. */
  readonly clock = new Clock();
  /** The unsent text of each conversation's composer. */
  readonly drafts: Drafts;
  readonly identity: Identity;
  readonly apiUrl: string;
  /** What the gateway offers beyond the chat itself. */
  readonly features: Features;
  /** The members of the staff; for staff. */
  readonly directory: StaffDirectory;
  /** Whether the user takes conversations; for staff. */
  readonly availability: OwnAvailability;
  /** The files of messages. */
  readonly attachments = new DeferredAttachments();
  readonly #problems: Problems;
  readonly #tokens: Tokens;
  readonly #outbox: Outbox;
  /** All outboxes of this page. */
  readonly #outboxes = new Set<Outbox>();
  readonly #tab: Tab;
  readonly #scope: string;
  readonly #around: ChatEnvironment;
  readonly #realtime = new DeferredRealtime();
  readonly #feed: Feed;
  readonly #environment: Environment;
  readonly #readMarks: ReadMarks;
  readonly #markSender: MarkSender;
  readonly #ownAssignments: OwnAssignments;
  readonly #lastTopic: LastTopic;
  readonly #random: Random;
  readonly #transport: (config: PortalConfig, api: Api) => Transport;
  readonly #endings: Unsubscribe[] = [];
  readonly #hasStorage: boolean;
  readonly #typing: boolean;
  #closed = false;

  constructor(options: ChatOptions) {
    const { identity, apiUrl, around = {} } = options;
    const local = around.storage === undefined ? localStorageOrNull() : null;
    const scope = `${apiUrl}|${identity.role}|${identity.subject}`;
    this.identity = identity;
    this.apiUrl = apiUrl;
    this.#scope = scope;
    this.#around = around;
    this.#feed = new Feed(this.#realtime, identity);
    this.#typing = options.typing ?? true;
    this.#problems = new Problems(options.onProblem ?? null);
    this.#tokens = new Tokens(options.token ?? null, options.getToken ?? null, (cause) =>
      this.#problems.report("get a token", {
        kind: "getToken",
        message: "getToken failed",
        status: null,
        type: null,
        cause,
      }),
    );
    this.api = new Api(apiUrl, this.#tokens, this.clock, around.fetch, this.#problems);
    this.#random = around.random ?? Math.random;
    this.#environment = around.environment ?? this.#browser();
    this.#readMarks = new ReadMarks(scope, local);
    this.#markSender = new MarkSender(this.api, this.#random);
    this.drafts = new Drafts(scope, local);
    this.features = new Features(apiUrl, local);
    const { api, features } = this;
    const random = this.#random;
    this.#ownAssignments = new OwnAssignments(scope, local);
    this.#lastTopic = new LastTopic(scope, local);
    this.directory = new StaffDirectory(api, features, identity.subject, random);
    this.availability = new OwnAvailability({
      ...{ api, features, identity, scope, random, clock: this.clock, directory: this.directory },
      storage: local,
    });
    this.#hasStorage = around.storage !== undefined || local !== null;
    this.#transport = around.transport ?? ((config, api) => new PusherTransport(config, api));
    this.#tab = around.tab ?? openTab();
    this.#outbox = this.#openOutbox(
      around.storage ?? new LocalOutboxStorage(scope, local, globalThis),
      (item) => this.api.send(requestOf(item)),
    );
    this.#open(options);
  }

  conversation(playerId: string): Conversation {
    return new Conversation(playerId, this.#parts());
  }

  inbox(): Inbox {
    return new Inbox(this.#parts());
  }

  /**
   * Marks the conversation as read in this browser up to `at`, in microseconds since 1970; a
   * conversation's own `markRead` marks it at the gateway as well.
   */
  markRead(playerId: string, at: number): void {
    this.#readMarks.mark(playerId, at);
  }

  /** The time up to which it was read in this browser, in microseconds since 1970; 0 for never. */
  readUpTo(playerId: string): number {
    return this.#readMarks.of(playerId);
  }

  /** Calls `listener` when a conversation was read, in this tab or in another. */
  onRead(listener: () => void): Unsubscribe {
    return this.#readMarks.subscribe(listener);
  }

  /**
   * Takes (`active`) or resolves a conversation's open session; with `seen`, only if it has not
   * changed since.
   */
  changeStatus(
    playerId: string,
    status: "active" | "resolved",
    seen: Pick<StatusRequest, "sessionId" | "lastSeq"> = {},
  ): Promise<Outcome<null>> {
    const request = { status, changeId: newId(), ...seen, ...actorOf(this.identity) };
    return changeStatus(this.api, playerId, request, this.#random);
  }

  /** Whether unsent messages outlive this tab. */
  get keepsUnsent(): boolean {
    return this.#hasStorage && !this.wouldLose;
  }

  /** Whether closing the tab now would lose a message or a note. */
  get wouldLose(): boolean {
    return [...this.#outboxes].some((outbox) => outbox.hasUnstored);
  }

  /** What staff need for canned replies. */
  replyParts(): CannedRepliesParts {
    return { ...this.#parts(), token: () => this.#tokens.current() };
  }

  /** What staff need for notes: an outbox of its own, so that none is sent as a message. */
  noteParts(send: OutboxParts["send"]): NoteParts {
    const scope = this.#scope;
    const storage = this.#around.storage === undefined ? localStorageOrNull() : null;
    const outbox = this.#openOutbox(
      this.#around.noteStorage ?? new LocalOutboxStorage(scope, storage, globalThis, "note-outbox"),
      send,
    );
    const close = () => {
      outbox.close();
      this.#outboxes.delete(outbox);
    };
    return { ...this.#parts(), storage, scope, outbox, close };
  }

  /** Calls `listener` with each session that an event brings. */
  onSession(listener: (session: Session) => void): Unsubscribe {
    return this.#feed.listen({ session: ({ session }) => listener(session) });
  }

  /** Whether the user's token says that the user is a lead. The gateway verifies it. */
  async isLead(): Promise<boolean> {
    const token = await this.#tokens.current();
    return token !== null && isLead(token) === true;
  }

  /** Replaces the token and the way to renew it. */
  replaceToken(token: string | null, getToken: GetToken | null): void {
    this.#tokens.replace(token, getToken);
  }

  /** Retries at once what waits to be retried. */
  tryNow(): void {
    for (const outbox of this.#outboxes) outbox.tryNow();
    this.#markSender.tryNow();
    this.#feed.tryNow();
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#endings.splice(0)) end();
    this.#markSender.close();
    for (const outbox of this.#outboxes) outbox.close();
    this.attachments.close();
    this.#tab.close();
    this.#feed.close();
    this.#realtime.close();
  }

  #openOutbox(storage: OutboxStorage, send: OutboxParts["send"]): Outbox {
    const outbox = new Outbox({
      send,
      clock: this.clock,
      tokens: this.#tokens,
      identity: this.identity,
      storage,
      tab: this.#tab,
      random: this.#random,
    });
    this.#outboxes.add(outbox);
    outbox.open();
    return outbox;
  }

  #open(options: ChatOptions): void {
    this.#endings.push(
      this.#environment.subscribe(() => {
        // A phone that hides a page may end it without another event.
        if (!this.#environment.visible) this.#markSender.flush();
        this.tryNow();
      }),
      this.#environment.onLeave(() => {
        for (const outbox of this.#outboxes) outbox.release();
        this.#markSender.flush();
      }),
      this.#tokens.subscribe(() => {
        this.#markSender.tryNow();
        this.#feed.tryNow();
      }),
      this.drafts.watch(),
      this.#readMarks.watch(),
      this.#ownAssignments.watch(),
      this.#feed.listen({ rejection: (rejection) => this.#outbox.reject(rejection) }),
    );
    if (options.config) this.#connect(options.config);
    else void this.#loadConfig(options.apiUrl);
  }

  async #loadConfig(apiUrl: string): Promise<void> {
    for (let failures = 1; !this.#closed; failures += 1) {
      try {
        const config = await loadConfig(apiUrl);
        if (!this.#closed) this.#connect(config);
        return;
      } catch (cause) {
        // Meanwhile the conversations poll.
        if (this.#closed) return;
        const message = `cannot use ${apiUrl}/api/portal/config`;
        const problem = { kind: "config", message, status: null, type: null, cause } as const;
        this.#problems.report("load the configuration", problem);
        await new Promise((resolve) => setTimeout(resolve, backoff(failures, this.#random)));
      }
    }
  }

  #connect(config: PortalConfig): void {
    this.#markSender.configure(readMarksOf(config));
    this.features.configure(config);
    this.#openAttachments();
    const transport = this.#transport(config, this.api);
    const realtime = new Realtime(transport, this.#random, {
      unanswered: (name) =>
        this.#problems.report("subscribe", {
          kind: "subscription",
          message: `Pusher has not answered the subscription to ${name}; are its key and address right, and is it in the page's connect-src?`,
          status: null,
          type: null,
        }),
      triggerRefused: () =>
        this.#problems.report("send a client event", {
          kind: "typing",
          message:
            "Pusher refuses client events, so this page does not send that the user types; are they enabled for the app?",
          status: null,
          type: null,
        }),
    });
    const conversationPresence = this.#typing && config.conversationPresence === true;
    this.#realtime.open(realtime, { ...config, conversationPresence });
  }

  #openAttachments(): void {
    if (this.features.attachments === null) {
      this.#outbox.uploadWith(NO_UPLOADS);
      return;
    }
    void this.attachments.load({
      api: this.api,
      clock: this.clock,
      random: this.#random,
      tab: this.#tab,
      scope: this.#scope,
      limits: () => this.features.attachments,
      blobs: this.#around.blobs ?? null,
      uploader: this.#around.uploader ?? null,
      isNeeded: (attachmentId) => this.#outbox.hasFile(attachmentId),
      onLoad: (attachments) => this.#outbox.uploadWith(attachments),
    });
  }

  #browser(): Environment {
    const browser = new BrowserEnvironment();
    this.#endings.push(() => browser.close());
    return browser;
  }

  #parts(): ConversationParts & InboxParts {
    return {
      api: this.api,
      tokens: this.#tokens,
      outbox: this.#outbox,
      feed: this.#feed,
      realtime: this.#realtime,
      environment: this.#environment,
      identity: this.identity,
      readMarks: this.#readMarks,
      markSender: this.#markSender,
      features: this.features,
      ownAssignments: this.#ownAssignments,
      lastTopic: this.#lastTopic,
      random: this.#random,
    };
  }
}
