/** The longest name of a file, in code points; see `FileName` of the gateway. */
const MOST_CHARACTERS = 200;

/** A file's name as the gateway takes it; the end, which says what it is, is kept. */
export function fileName(name: string): string {
  const plain = name
    .replace(/[\p{Cc}/\\]/gu, "_")
    .replace(/\p{Bidi_Control}/gu, "")
    .toWellFormed()
    .trim();
  const characters = [...plain];
  if (characters.length <= MOST_CHARACTERS) return plain || "file";
  const end = /\.[^.]{1,10}$/.exec(plain)?.[0] ?? "";
  return characters.slice(0, MOST_CHARACTERS - [...end].length).join("") + end;
}

/** Media types by the ending of a name, for files whose type the browser does not know. */
const BY_ENDING: Readonly<Record<string, string>> = {
  txt: "text/plain",
  log: "text/plain",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
  pdf: "application/pdf",
  zip: "application/zip",
  mp4: "video/mp4",
};

/** The endings that a person knows a media type by. */
const SHOWN: Readonly<Record<string, string>> = {
  "text/plain": "TXT",
  "image/jpeg": "JPEG",
  "application/zip": "ZIP",
  "application/x-zip-compressed": "ZIP",
};

/** The media type of a file that a user chose; the gateway looks into its bytes. */
export function typeOf({ name, type }: Pick<File, "name" | "type">): string {
  const known = BY_ENDING[name.split(".").at(-1)?.toLowerCase() ?? ""];
  if (type === "application/x-zip-compressed") return "application/zip";
  return (
    (type === "" || (known === "text/plain" && type.startsWith("text/")) ? known : type) ?? type
  );
}

/** A media type as a person knows it, such as PNG. */
export const shownType = (contentType: string): string =>
  SHOWN[contentType] ?? (contentType.split("/").at(-1) ?? contentType).toUpperCase();

/** Whether a page can show a media type as a picture. */
export const isPicture = (contentType: string): boolean =>
  /^image\/(png|jpeg|webp|gif)$/.test(contentType);
