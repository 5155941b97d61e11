export * from "./core/index.js";
export type { Setting, Theme } from "./hooks/usePreferences.js";
export { PlayerChatSystem, type PlayerChatSystemProps, type Topic } from "./PlayerChatSystem.js";
export { StaffPortal, type StaffPortalProps } from "./StaffPortal.js";
export type { DeepPartial, Language, Strings } from "./strings/index.js";
