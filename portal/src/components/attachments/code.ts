// Loaded where the gateway takes files.
export { AttachmentContent } from "./AttachmentContent.js";
export { StagedFiles } from "./StagedFiles.js";
export { Viewer } from "./Viewer.js";
