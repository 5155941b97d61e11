import type { ChannelAccess } from "./realtime/channels.js";

/** How the portal receives events: the answer of `/api/portal/config`. */
export interface PortalConfig {
  readonly pusher: PusherConfig;
  readonly channelAccess: ChannelAccess;
  /** Whether the gateway keeps read marks; absent for `off`. */
  readonly readMarks?: ReadMarksSetting;
  /** Whether the gateway signs presence channels of conversations, for typing and presence. */
  readonly conversationPresence?: boolean;
  /** Whether staff assigns conversations, keeps notes and the like; absent for false. */
  readonly teamDesk?: boolean;
  /** What a player's first message can be about: the ids of teams. Absent for none. */
  readonly topics?: readonly string[];
  /** The files that messages may have; absent where the gateway takes none. */
  readonly attachments?: AttachmentsConfig;
}

/** The files that messages may have. */
export interface AttachmentsConfig {
  /** The largest file, in bytes. */
  readonly maxBytes: number;
  /** The media types that the gateway takes. */
  readonly types: readonly string[];
  /**
   * Who may attach files: staff alone, players as well while their conversation is open, or players at
   * any time.
   */
  readonly for: "staff" | "open" | "any";
  /** The most files of a message. */
  readonly maxOfMessage: number;
}

/**
 * Whether the gateway keeps read marks: `staff` shows the player's to staff, `both` shows staff's
 * to the player as well.
 */
export type ReadMarksSetting = "off" | "staff" | "both";

/** The address of Pusher. */
export interface PusherConfig {
  readonly key: string;
  readonly host?: string;
  readonly port?: number;
  readonly scheme?: "http" | "https";
  readonly cluster?: string;
}

const ACCESS: readonly string[] = ["public", "private", "encrypted"] satisfies ChannelAccess[];

/** The setting of a configuration: `off` when it is absent, as from an older gateway, or unknown. */
export function readMarksOf({ readMarks }: PortalConfig): ReadMarksSetting {
  return readMarks === "staff" || readMarks === "both" ? readMarks : "off";
}

/** The limits of attachments in a configuration; null when the gateway takes no files. */
export function attachmentsOf({ attachments }: PortalConfig): AttachmentsConfig | null {
  if (attachments === undefined || attachments === null) return null;
  const { maxBytes, types, maxOfMessage } = attachments;
  if (!(maxBytes > 0) || !Array.isArray(types) || types.length === 0) return null;
  const audience =
    attachments.for === "any" || attachments.for === "open" ? attachments.for : "staff";
  return { maxBytes, types, for: audience, maxOfMessage: maxOfMessage > 0 ? maxOfMessage : 1 };
}

/**
 * Loads the configuration from the gateway.
 *
 * Throws when there is no answer, or an invalid one.
 */
export async function loadConfig(apiUrl: string): Promise<PortalConfig> {
  const response = await fetch(`${apiUrl.replace(/\/$/, "")}/api/portal/config`, {
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`the gateway answered with ${response.status}`);
  const config = (await response.json()) as Partial<PortalConfig>;
  if (typeof config.pusher?.key !== "string" || !ACCESS.includes(config.channelAccess ?? "")) {
    throw new Error("the configuration is incomplete");
  }
  return config as PortalConfig;
}
