// Runs before the elements' script: they receive these values once defined.
const chat = document.querySelector("player-portal-chat");
chat.getToken = async () => "token-of-bo";
chat.onUnread = (count) => {
  chat.dataset.unread = String(count);
};
