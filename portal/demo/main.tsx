import { createRoot } from "react-dom/client";
import { SimulatedSystem, seeded } from "../simulation/index.js";
import type { ChatSurroundings } from "../src/core/chat.js";
import { PlayerChatSystem, StaffPortal, type Theme } from "../src/index.js";
import { isLanguage } from "../src/strings/index.js";
import { SCENES } from "./scenes.js";
import "../src/pages/page.css";

// ?portal=player|staff  &scene=…  &theme=light|dark  &language=en|de  &keep  &signIn
const query = new URLSearchParams(location.search);
const system = new SimulatedSystem(seeded(7));
const config = { pusher: { key: "demo" }, channelAccess: "private" } as const;
const around: ChatSurroundings = { fetch: system.fetch, transport: () => system.transport() };
const language = query.get("language") ?? "en";
const common = {
  apiUrl: "",
  config,
  around,
  theme: (query.get("theme") ?? "system") as Theme,
  language: isLanguage(language) ? language : ("en" as const),
  unreadInTitle: true,
  ...(query.has("signIn") ? { onSignIn: () => location.assign("#signed-in") } : {}),
};

// A demonstration begins anew each time, unless &keep is in the address.
if (!query.has("keep")) {
  localStorage.clear();
  sessionStorage.clear();
}
const scene = SCENES[query.get("scene") ?? "busy"];
if (scene === undefined) throw new Error(`the scenes are ${Object.keys(SCENES).join(", ")}`);
scene(system);

const place = document.getElementById("portal");
const root = place === null ? null : createRoot(place);

/** Shows the portal to another user, as a page does that stays as it is. */
function show(subject: string, name: string): void {
  root?.render(
    query.get("portal") === "staff" ? (
      <div className="page-staff">
        <StaffPortal {...common} chosenInAddress staffId={subject} staffName={name} />
      </div>
    ) : (
      <div className="page-player">
        <h1 className="ppc-hidden">Support</h1>
        <PlayerChatSystem {...common} playerId={subject} playerName={name} />
      </div>
    ),
  );
}
Object.assign(globalThis, { system, show });

if (query.get("portal") === "staff") show("ada", "Ada Lovelace");
else show("bo-1815", "Bo Lindqvist");
