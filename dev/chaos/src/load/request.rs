use serde_json::{Value, json};
use uuid::Uuid;

/// What staff or a player does, to be done once however often it is sent.
#[derive(Clone, Debug)]
pub struct ClientRequest {
    /// Made by the client, so that it can send the post again.
    pub id: Uuid,
    /// Whose conversation it belongs to.
    pub player: String,
    /// What is done.
    pub action: Action,
}

/// What is done in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The player writes.
    PlayerWrites,
    /// Staff writes.
    StaffWrites,
    /// Staff takes the session.
    Take,
    /// Staff resolves the session.
    Resolve,
}

impl Action {
    /// Whether it makes a message, and not only a change of a session's status.
    pub fn is_message(self) -> bool {
        matches!(self, Self::PlayerWrites | Self::StaffWrites)
    }
}

impl ClientRequest {
    /// A post with an id of its own.
    pub fn new(player: String, action: Action) -> Self {
        Self { id: Uuid::now_v7(), player, action }
    }

    /// What the message says: its own id, so that nobody can take it for another.
    pub fn content(&self) -> String {
        self.id.to_string()
    }

    /// Where it is sent to.
    pub fn path(&self) -> String {
        if self.action.is_message() {
            "/api/staff-chat-integration/send".to_owned()
        } else {
            format!("/api/unified-chat/conversations/{}/status", self.player)
        }
    }

    /// The body that it is sent as.
    pub fn body(&self) -> Value {
        let (id, player) = (self.id, &self.player);
        let message = |sender: &str| {
            json!({
                "messageId": id,
                "playerId": player,
                "senderType": sender,
                "content": self.content(),
            })
        };
        match self.action {
            Action::PlayerWrites => message("player"),
            Action::StaffWrites => message("staff"),
            Action::Take => json!({ "changeId": id, "status": "active" }),
            Action::Resolve => json!({ "changeId": id, "status": "resolved" }),
        }
    }
}
