import { lazy } from "react";

// Loaded where the gateway takes files, and not before.
const load = () => import("./attachmentViews.js");

export const StagedFiles = /* @__PURE__ */ lazy(async () => ({
  default: (await load()).StagedFiles,
}));
export const AttachButton = /* @__PURE__ */ lazy(async () => ({
  default: (await load()).AttachButton,
}));
export const AttachmentContent = /* @__PURE__ */ lazy(async () => ({
  default: (await load()).AttachmentContent,
}));
export const Viewer = /* @__PURE__ */ lazy(async () => ({ default: (await load()).Viewer }));
