import { createRoot } from "react-dom/client";
import { SimulatedSystem, seeded } from "../simulation/index.js";
import type { ChatSurroundings } from "../src/core/chat.js";
import { PlayerChatSystem, StaffPortal, type Theme } from "../src/index.js";
import { isLanguage } from "../src/strings/index.js";
import { SCENES } from "./scenes.js";
import "../src/pages/page.css";

// ?portal=player|staff  &scene=…  &theme=light|dark  &language=en|de
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
};

// A demonstration begins anew each time.
localStorage.clear();
sessionStorage.clear();
const scene = SCENES[query.get("scene") ?? "busy"];
if (scene === undefined) throw new Error(`the scenes are ${Object.keys(SCENES).join(", ")}`);
scene(system);
Object.assign(globalThis, { system });

const place = document.getElementById("portal");
if (place !== null) {
  createRoot(place).render(
    query.get("portal") === "staff" ? (
      <div className="page-staff">
        <StaffPortal {...common} staffId="ada" staffName="Ada Lovelace" />
      </div>
    ) : (
      <div className="page-player">
        <h1 className="ppc-hidden">Support</h1>
        <PlayerChatSystem {...common} playerId="bo-1815" playerName="Bo Lindqvist" />
      </div>
    ),
  );
}
