// Before the elements' own script: what is set now is there when they are.
const chat = document.querySelector("player-portal-chat");
chat.getToken = async () => "token-of-bo";
chat.onUnread = (count) => {
  chat.dataset.unread = String(count);
};
