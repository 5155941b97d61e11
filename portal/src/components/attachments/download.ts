import type { LinkKey, Links } from "../../core/attachments/links.js";

/** Downloads a file, with a link that is valid now. */
export async function download(links: Links, key: LinkKey, name: string): Promise<void> {
  const link = await links.fresh(key);
  if (link === null) return;
  const anchor = document.createElement("a");
  anchor.href = link.url;
  anchor.download = name;
  anchor.rel = "noopener";
  // The gateway has files of other types than pictures saved, wherever they are opened.
  anchor.click();
}
