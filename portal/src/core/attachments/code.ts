// Loaded where the gateway takes files.
export { Attachments, measurePicture } from "./attachments.js";
export { IndexedBlobStorage } from "./blobs.js";
export { uploadByXhr } from "./upload.js";
