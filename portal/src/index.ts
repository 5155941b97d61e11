export * from "./core/index.js";
export type { Theme } from "./hooks/usePreferences.js";
export { PlayerChatSystem, type PlayerChatSystemProps } from "./PlayerChatSystem.js";
export { StaffPortal, type StaffPortalProps } from "./StaffPortal.js";
export type { Language } from "./strings/index.js";
