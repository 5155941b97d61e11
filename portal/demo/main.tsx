import { createRoot, hydrateRoot, type Root } from "react-dom/client";
import { ATTACHMENTS, SimulatedSystem, seeded } from "../simulation/index.js";
import type { ChatEnvironment } from "../src/core/chat.js";
import type { AttachmentsConfig, ReadMarksSetting } from "../src/core/config.js";
import type { Identity, SenderType } from "../src/core/types.js";
import { PlayerChatSystem, StaffPortal, type Theme } from "../src/index.js";
import { languageOf } from "./languages.js";
import { noteAndTag } from "./notes.js";
import { SCENES } from "./scenes.js";
import { staffDesk, TEAMS } from "./team.js";
import "../src/pages/page.css";

// ?portal=player|staff|both|desks  &scene=…  &theme=light|dark  &language=…  &clockAheadMs=…  &keep  &hydrate
// &signIn  &font  &readMarks=off|staff|both  &team  &attachments=staff|open|any  &xhr
const query = new URLSearchParams(location.search);
const system = new SimulatedSystem(seeded(7));
const audience = query.get("attachments") as AttachmentsConfig["for"] | null;
const attachments = audience === null ? null : { ...ATTACHMENTS, for: audience };
const config = {
  pusher: { key: "demo" },
  channelAccess: "private",
  conversationPresence: true,
  readMarks: (query.get("readMarks") ?? "both") as ReadMarksSetting,
  teamDesk: query.has("team"),
  topics: query.has("team") ? TEAMS : [],
  ...(attachments === null ? {} : { attachments }),
} as const;
system.readMarks = config.readMarks;
system.attachments.limits = attachments;
/** The user of each portal, as last shown. */
const users: Record<SenderType, Identity> = {
  player: { role: "player", subject: "bo-1815", name: "Bo Lindqvist" },
  staff: { role: "staff", subject: "ada", name: "Ada Lovelace" },
};
const aroundOf = (role: SenderType): ChatEnvironment => ({
  fetch: (input) => system.fetchOf(users[role])(input),
  transport: () => system.transport(users[role]),
  ...(query.has("xhr")
    ? {}
    : { uploader: (request) => system.attachments.uploaderOf(users[role])(request) }),
});
const around = { player: aroundOf("player"), staff: aroundOf("staff") };
const common = {
  apiUrl: "",
  config,
  theme: (query.get("theme") ?? "system") as Theme,
  ...languageOf(query.get("language") ?? "en"),
  unreadInTitle: true,
  ...(query.has("signIn") ? { onSignIn: () => location.assign("#signed-in") } : {}),
};

// Each visit starts without stored data, unless the address has &keep.
if (!query.has("keep")) {
  localStorage.clear();
  sessionStorage.clear();
  indexedDB.deleteDatabase("player-portal-chat");
}
const scene = SCENES[query.get("scene") ?? "busy"];
if (scene === undefined) throw new Error(`the scenes are ${Object.keys(SCENES).join(", ")}`);
scene(system);
if (config.teamDesk) {
  staffDesk(system);
  noteAndTag(system);
}
system.faults.clockAheadMs = Number(query.get("clockAheadMs") ?? 0);

if (query.has("font")) await import("./font.css");

const place = document.getElementById("portal");
const portal = query.get("portal");
const isStaff = portal === "staff";

/** The portal of a user, with further properties from a test. */
function portalOf({ role, subject, name }: Identity, more: object = {}) {
  return role === "staff" ? (
    <div className="page-staff">
      <StaffPortal
        {...common}
        around={around.staff}
        chosenInAddress
        staffId={subject}
        staffName={name ?? undefined}
        {...more}
      />
    </div>
  ) : (
    <div className="page-player">
      <h1 className="ppc-hidden">Support</h1>
      <PlayerChatSystem
        {...common}
        around={around.player}
        playerId={subject}
        playerName={name ?? undefined}
        {...more}
      />
    </div>
  );
}

let root: Root | null = null;

/** Renders the portal for another user, or with other properties, without a reload. */
function show(subject: string, name: string, more: object = {}): void {
  const role = isStaff ? "staff" : "player";
  users[role] = { role, subject, name };
  root?.render(portalOf(users[role], more));
}

/** Renders the player's chat and the desk side by side, on one system. */
function showBoth(): void {
  root?.render(
    <div style={{ display: "grid", gridTemplateColumns: "2fr 3fr", blockSize: "100%" }}>
      {portalOf(users.player)}
      {portalOf(users.staff)}
    </div>,
  );
}

/** Renders the desks of two members of the staff side by side, on one system. */
function showDesks(): void {
  const desks = [users.staff, { role: "staff", subject: "grace", name: "Grace Hopper" } as const];
  root?.render(
    <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr", blockSize: "100%" }}>
      {desks.map(({ subject, name }) => {
        const user: Identity = { role: "staff", subject, name };
        const around = {
          fetch: system.fetchOf(user),
          transport: () => system.transport(user),
          uploader: system.attachments.uploaderOf(user),
        };
        return (
          <div key={subject} className="page-staff" data-desk={subject}>
            <StaffPortal
              {...common}
              around={around}
              staffId={subject}
              staffName={name ?? subject}
            />
          </div>
        );
      })}
    </div>,
  );
}

/** Hydrates the portal from HTML, as after server rendering. */
async function hydrate(place: HTMLElement): Promise<void> {
  const { renderToString } = await import("react-dom/server");
  const { language: _, ...more } = common;
  const portal = isStaff ? (
    <StaffPortal {...more} around={around.staff} staffId={users.staff.subject} />
  ) : (
    <PlayerChatSystem {...more} around={around.player} playerId={users.player.subject} />
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
  if (portal === "both") showBoth();
  else if (portal === "desks") showDesks();
  else root.render(portalOf(users[isStaff ? "staff" : "player"]));
}
