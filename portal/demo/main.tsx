import { createRoot, hydrateRoot, type Root } from "react-dom/client";
import { SimulatedSystem, seeded } from "../simulation/index.js";
import type { ChatEnvironment } from "../src/core/chat.js";
import type { ReadMarksSetting } from "../src/core/config.js";
import { PlayerChatSystem, StaffPortal, type Theme } from "../src/index.js";
import { languageOf } from "./languages.js";
import { SCENES } from "./scenes.js";
import "../src/pages/page.css";

// ?portal=player|staff  &scene=…  &theme=light|dark  &language=…  &clockAheadMs=…  &keep  &hydrate
// &signIn  &font  &readMarks=off|staff|both
const query = new URLSearchParams(location.search);
const system = new SimulatedSystem(seeded(7));
const isStaff = query.get("portal") === "staff";
const [subject, name] = isStaff ? ["ada", "Ada Lovelace"] : ["bo-1815", "Bo Lindqvist"];
const config = {
  pusher: { key: "demo" },
  channelAccess: "private",
  readMarks: (query.get("readMarks") ?? "both") as ReadMarksSetting,
} as const;
system.readMarks = config.readMarks;
const around: ChatEnvironment = {
  fetch: system.fetchOf({ role: isStaff ? "staff" : "player", subject }),
  transport: () => system.transport(),
};
const common = {
  apiUrl: "",
  config,
  around,
  theme: (query.get("theme") ?? "system") as Theme,
  ...languageOf(query.get("language") ?? "en"),
  unreadInTitle: true,
  ...(query.has("signIn") ? { onSignIn: () => location.assign("#signed-in") } : {}),
};

// Each visit starts without stored data, unless the address has &keep.
if (!query.has("keep")) {
  localStorage.clear();
  sessionStorage.clear();
}
const scene = SCENES[query.get("scene") ?? "busy"];
if (scene === undefined) throw new Error(`the scenes are ${Object.keys(SCENES).join(", ")}`);
scene(system);
system.faults.clockAheadMs = Number(query.get("clockAheadMs") ?? 0);

if (query.has("font")) await import("./font.css");

const place = document.getElementById("portal");

/** The portal of a user, with further properties from a test. */
function portalOf(subject: string, name: string, more: object) {
  return isStaff ? (
    <div className="page-staff">
      <StaffPortal {...common} chosenInAddress staffId={subject} staffName={name} {...more} />
    </div>
  ) : (
    <div className="page-player">
      <h1 className="ppc-hidden">Support</h1>
      <PlayerChatSystem {...common} playerId={subject} playerName={name} {...more} />
    </div>
  );
}

let root: Root | null = null;

/** Renders the portal for another user, or with other properties, without a reload. */
function show(as: string, called: string, more: object = {}): void {
  root?.render(portalOf(as, called, more));
}

/** Hydrates the portal from HTML, as after server rendering. */
async function hydrate(place: HTMLElement): Promise<void> {
  const { renderToString } = await import("react-dom/server");
  const { language: _, ...more } = common;
  const portal = isStaff ? (
    <StaffPortal {...more} staffId={subject} />
  ) : (
    <PlayerChatSystem {...more} playerId={subject} />
  );
  place.innerHTML = renderToString(portal);
  Object.assign(globalThis, { rendered: place.innerHTML });
  root = hydrateRoot(place, portal, {
    onRecoverableError: (error) => reportError(error),
  });
}

Object.assign(globalThis, { system, show });
if (place !== null && query.has("hydrate")) void hydrate(place);
else if (place !== null) {
  root = createRoot(place);
  show(subject, name);
}
