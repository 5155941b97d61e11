import type { SimulatedSystem } from "../simulation/index.js";
import type { Attachment } from "../src/core/types.js";
import { inventory, itemLocked, png } from "./pictures.js";

const BO = "bo-1815";
const MINUTE = 60;

const id = (number: number): string =>
  `5a0c7d5e-0000-4000-8000-${String(number).padStart(12, "0")}`;

/** A conversation with pictures and files, of which one is erased. */
export function filesAndPictures(system: SimulatedSystem): void {
  const { attachments } = system;
  const picture = (number: number, name: string, width: number, height: number): Attachment => ({
    ...{ attachmentId: id(number), name, contentType: "image/png", size: width * height },
    ...{ width, height, thumbnail: width > 480 || height > 480 },
  });
  const file = (number: number, name: string, contentType: string, size: number): Attachment => ({
    ...{ attachmentId: id(number), name, contentType, size },
    ...{ width: null, height: null, thumbnail: false },
  });
  const says = (ago: number, from: string, content: string, files: Attachment[] = []) => {
    const isPlayer = from === "player";
    const name = isPlayer ? "Bo Lindqvist" : "Ada Lovelace";
    system.persist({
      playerId: BO,
      playerName: isPlayer ? name : null,
      senderType: isPlayer ? "player" : "staff",
      senderId: isPlayer ? null : from,
      senderName: name,
      content: content || (files[0]?.name ?? ""),
      attachments: files,
      at: (Date.now() - ago * 1000) * 1000,
    });
  };
  attachments.store(id(1), png(1920, 1080, itemLocked));
  attachments.store(id(2), png(720, 1280, inventory(6)));
  attachments.store(id(3), png(720, 1280, inventory(9)));
  attachments.store(id(4), new Blob(["12:04:31 ERR_ITEM_LOCKED\n"], { type: "text/plain" }));
  attachments.store(id(6), png(90, 90, inventory(2)));
  says(26 * MINUTE, "player", "Hey, my sword is gone after the update?");
  says(25 * MINUTE, "player", "It says this when I log in", [
    picture(1, "Screenshot 2026-11-29.png", 1920, 1080),
  ]);
  says(22 * MINUTE, "ada", "Thank you. Can you show me your bank, and send the log?");
  says(20 * MINUTE, "player", "", [
    picture(2, "bank-1.png", 720, 1280),
    picture(3, "bank-2.png", 720, 1280),
    file(4, "client-with-a-rather-long-name-of-today.log", "text/plain", 48_213),
  ]);
  says(12 * MINUTE, "ada", "The last page is called “Recovered”. It looks like this:", [
    picture(6, "icon.png", 90, 90),
  ]);
  // Its bytes are not there.
  says(8 * MINUTE, "player", "", [picture(5, "my-face.png", 1200, 900)]);
  says(2 * MINUTE, "player", "Found it, thank you!");
}
