// Loaded where the gateway takes files.
export { AttachButton } from "./AttachButton.js";
export { AttachmentContent } from "./AttachmentContent.js";
export { StagedFiles } from "./StagedFiles.js";
export { Viewer } from "./Viewer.js";
