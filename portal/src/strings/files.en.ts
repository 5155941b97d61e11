/** The texts about files in English, which are loaded with the code that shows files. */
export const filesEn = {
  attach: "Attach files",
  drop: "Drop files to attach them",
  blocked: "Remove the file that cannot be sent, or try it again.",
  notYet: "You can attach files once your conversation is open. Write to us first.",
  staged: "Files of this message",
  uploading: (name: string) => `Uploading ${name}`,
  ready: (name: string) => `${name} is ready to be sent`,
  problem: (name: string, problem: string) => `${name}: ${problem}`,
  remove: (name: string) => `Remove ${name}`,
  retry: (name: string) => `Try ${name} again`,
  cancel: (name: string) => `Do not send ${name}`,
  /** What keeps a file from being uploaded. */
  problems: {
    away: "Waits for the file store, trying again",
    quota: "Too many files for now, trying again later",
    signedOut: "Not uploaded: sign in again",
    tooLarge: "Too large",
    type: "This type of file is not allowed",
    infected: "A virus scanner has stopped it",
    unreadable: "It cannot be read, or has too many pixels",
    forbidden: "You may not send files here",
    lost: "This browser no longer has the file. Attach it again.",
    off: "Files cannot be sent here any more",
    refused: "It was not accepted",
  } as Readonly<Record<string, string>>,
  tooLarge: (name: string, most: string) => `${name} is too large: a file may have up to ${most}.`,
  typeNotAllowed: (name: string, types: string) => `${name} cannot be sent. Allowed: ${types}.`,
  tooMany: (name: string, most: number) =>
    `${name} was left out: a message may have up to ${most} files.`,
  empty: (name: string) => `${name} is empty.`,
  onlyHere: "This browser cannot keep files. Leave this tab open until they are sent.",
  open: (name: string) => `Show ${name}`,
  download: "Download",
  downloadOf: (name: string) => `Download ${name}`,
  unavailable: "It cannot be loaded right now.",
  pictureRemoved: "Picture removed",
  fileRemoved: "File removed",
  viewer: "Pictures",
  previous: "Previous picture",
  next: "Next picture",
  position: (number: number, count: number) => `${number} of ${count}`,
};

/** The texts about files of a language. */
export type FileStrings = typeof filesEn;
