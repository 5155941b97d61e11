import { Chat, type ChatEnvironment } from "../src/core/chat.js";
import type { AttachmentsConfig, PortalConfig } from "../src/core/config.js";
import type { Conversation } from "../src/core/conversation/conversation.js";
import type { Entry } from "../src/core/conversation/timeline.js";
import type { OnProblem } from "../src/core/problems.js";
import type { Identity } from "../src/core/types.js";
import { SimulatedBrowser, SimulatedEnvironment } from "./browser.js";
import type { SimulatedSystem } from "./system.js";
import type { SimulatedTransport } from "./transport.js";

export const PLAYER: Identity = { role: "player", subject: "p1", name: "Bo" };
export const ADA: Identity = { role: "staff", subject: "ada", name: "Ada" };

export interface PortalOptions {
  readonly identity?: Identity;
  readonly browser?: SimulatedBrowser;
  readonly token?: string | null;
  readonly getToken?: (() => Promise<string>) | null;
  /** What the gateway's configuration says. */
  readonly conversationPresence?: boolean;
  readonly typing?: boolean;
  /** Whether the gateway takes files; by default as the system does. */
  readonly attachments?: AttachmentsConfig | null;
  readonly onProblem?: OnProblem;
}

/** A portal in a tab of its own, with its conversation open. */
export class SimulatedPortal {
  readonly chat: Chat;
  readonly conversation: Conversation;
  readonly environment = new SimulatedEnvironment();
  readonly tab: ReturnType<SimulatedBrowser["tab"]>;
  transport: SimulatedTransport | null = null;

  constructor(system: SimulatedSystem, options: PortalOptions = {}, playerId = "p1") {
    const {
      identity = PLAYER,
      browser = new SimulatedBrowser(),
      token = null,
      getToken = null,
      conversationPresence = true,
      typing = true,
      attachments = system.attachments.limits,
      onProblem = null,
    } = options;
    this.tab = browser.tab();
    const config: PortalConfig = {
      pusher: { key: "key" },
      channelAccess: "private",
      readMarks: system.readMarks,
      conversationPresence,
      teamDesk: system.desk.enabled,
      topics: system.desk.teams,
      ...(attachments === null ? {} : { attachments }),
    };
    const around: ChatEnvironment = {
      fetch: system.fetchOf(identity),
      transport: () => {
        this.transport = system.transport(identity);
        return this.transport;
      },
      storage: browser.storage(this.tab),
      noteStorage: browser.noteStorage(this.tab),
      blobs: browser.blobs,
      uploader: system.attachments.uploaderOf(identity),
      tab: this.tab,
      environment: this.environment,
      random: () => system.between([0, 1]),
    };
    const apiUrl = "http://chat.example";
    this.chat = new Chat({ apiUrl, identity, token, getToken, config, typing, onProblem, around });
    this.conversation = this.chat.conversation(playerId);
    this.conversation.open();
  }

  entries(): Entry[] {
    const { timeline } = this.conversation;
    return Array.from({ length: timeline.length }, (_, index) => timeline.at(index) as Entry);
  }

  contents(): string[] {
    return this.entries().map(({ content }) => content);
  }

  /** The delivery state of the message with `content`. */
  delivery(content: string): string | undefined {
    return this.entries().find((entry) => entry.content === content)?.delivery?.state;
  }

  close(): void {
    this.conversation.close();
    this.chat.close();
  }
}
