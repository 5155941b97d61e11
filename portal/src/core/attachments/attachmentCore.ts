// Loaded where the gateway takes files.
export { Attachments } from "./attachments.js";
export { IndexedBlobStorage } from "./blobs.js";
export { measurePicture } from "./picture.js";
export { uploadByXhr } from "./upload.js";
