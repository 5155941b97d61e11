import type { ChannelAccess } from "./realtime/channels.js";

/** How the portal hears of messages; the gateway tells it at `/api/portal/config`. */
export interface PortalConfig {
  readonly pusher: PusherConfig;
  readonly channelAccess: ChannelAccess;
}

/** Where Pusher is. */
export interface PusherConfig {
  readonly key: string;
  readonly host?: string;
  readonly port?: number;
  readonly scheme?: "http" | "https";
  readonly cluster?: string;
}

const ACCESS: readonly string[] = ["public", "private", "encrypted"] satisfies ChannelAccess[];

/**
 * Asks the gateway for the settings.
 *
 * Throws when there is no answer, or none that can be used.
 */
export async function loadConfig(apiUrl: string): Promise<PortalConfig> {
  const response = await fetch(`${apiUrl.replace(/\/$/, "")}/api/portal/config`, {
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`the settings cannot be had: ${response.status}`);
  const config = (await response.json()) as Partial<PortalConfig>;
  if (typeof config.pusher?.key !== "string" || !ACCESS.includes(config.channelAccess ?? "")) {
    throw new Error("the settings are not complete");
  }
  return config as PortalConfig;
}
