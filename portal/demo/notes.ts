import type { SimulatedSystem } from "../simulation/index.js";

/** Stores notes, tags and canned replies, as the work of some days has left them. */
export function noteAndTag({ desk, store, notesAndReplies: { notes, replies } }: SimulatedSystem) {
  desk.tags = ["refund", "bug", "lost-item", "ban-appeal", "account", "vip"];
  const note = (ago: number, authorId: string, authorName: string, content: string) =>
    notes.write({
      noteId: crypto.randomUUID(),
      playerId: "bo-1815",
      sessionId: null,
      authorId,
      authorName,
      content,
      mentions: content.includes("@ada") ? ["ada"] : [],
      at: (Date.now() - ago * 1000) * 1000,
      truncated: false,
    });
  note(24 * 60, "grace", "Grace Hopper", "@ada same bug as #412, items go to the bank tab");
  note(20 * 60, "ada", "Ada Lovelace", "Told the player. A fix is planned for tonight.");
  store.edit({ playerId: "bo-1815", tags: { add: ["bug", "lost-item"] }, at: 0 });
  store.edit({ playerId: "bo-1815", priority: "high", at: 0 });
  const reply = (id: string, shortcut: string, title: string, bodies: Record<string, string>) =>
    replies.put({ id, shortcut, title, team: null, bodies });
  reply("r1", "hello", "Greeting", {
    en: "Hello {playerName}, {staffName} here. How can I help?",
    de: "Hallo {playerName}, hier ist {staffName}. Wie kann ich helfen?",
  });
  reply("r2", "refund", "Refund is on its way", {
    en: "Hi {playerName}, the refund of order {orderNumber} takes three to five days.",
    de: "Hallo {playerName}, die Erstattung der Bestellung {orderNumber} dauert drei bis fünf Tage.",
  });
  reply("r3", "bank", "Items are in the bank", {
    en: "Your items are in the last tab of your bank. They stay there for 30 days.",
  });
  reply("r4", "bye", "Goodbye", { en: "You are welcome, {playerName}. Have fun!" });
}
