import { PlayerChatSystem } from "../../PlayerChatSystem.js";
import { showPage } from "../page.js";

showPage("player", ({ subject, name, token }) => (
  <PlayerChatSystem
    apiUrl=""
    playerId={subject}
    {...(name === null ? {} : { playerName: name })}
    token={token}
    unreadInTitle
  />
));
