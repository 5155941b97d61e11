// A portal that uses the package from npm; it must compile with TypeScript's strictest settings.
import {
  PlayerChatSystem,
  type PusherConnection,
  StaffPortal,
  type Strings,
  sharedPusher,
} from "player-portal-chat";
import { Chat } from "player-portal-chat/core";
import { fr } from "player-portal-chat/strings/fr";
import "player-portal-chat/style.css";

declare const player: { id: string; name: string | undefined; language: string };
const greeting = { player: { title: "Help" } };
const whole: Partial<Strings> = { language: "Français" };

export const chat = (
  <PlayerChatSystem
    apiUrl="https://chat.example.com"
    playerId={player.id}
    playerName={player.name}
    language={player.language}
    strings={greeting}
    settings={["sound"]}
    typing={false}
    onUnread={(count) => count.toFixed()}
    onProblem={({ kind, status }) => `${kind} ${status}`}
  />
);
export const desk = <StaffPortal apiUrl="" staffId="ada" strings={whole} token={undefined} />;
export const french = <StaffPortal apiUrl="" staffId="ada" language="fr" strings={fr} />;

const core = new Chat({
  apiUrl: "",
  identity: { role: "player", subject: "p1", name: null },
  onProblem: null,
});
const conversation = core.conversation("p1");
export const end = conversation.subscribe(() => conversation.timeline.at(0)?.content);
conversation.open();

declare const pusher: PusherConnection;
export const around = { transport: () => sharedPusher(pusher) };
