use serde_json::{Value, json};
use uuid::Uuid;

/// A request of staff or of a player, which takes effect once however often it is sent.
#[derive(Clone, Debug)]
pub struct ClientRequest {
    /// Created by the client, so that it can send the request again.
    pub id: Uuid,
    /// The player of its conversation.
    pub player: String,
    /// Its action.
    pub action: Action,
}

/// An action in a conversation.
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
    /// The desk of this number claims the session.
    Claim(u8),
    /// Staff puts the session back.
    Release,
}

impl Action {
    /// Whether it is a message; the others change a session.
    pub fn is_message(self) -> bool {
        matches!(self, Self::PlayerWrites | Self::StaffWrites)
    }

    /// Whether it changes who has a session. A gateway rejects it when the session is resolved.
    pub fn is_assignment(self) -> bool {
        matches!(self, Self::Claim(_) | Self::Release)
    }
}

impl ClientRequest {
    /// A request with a new id.
    pub fn new(player: String, action: Action) -> Self {
        Self { id: Uuid::now_v7(), player, action }
    }

    /// The content of the message: its own id, by which the audit recognizes it.
    pub fn content(&self) -> String {
        self.id.to_string()
    }

    /// The path of the call.
    pub fn path(&self) -> String {
        let conversation = format!("/api/unified-chat/conversations/{}", self.player);
        match self.action {
            Action::PlayerWrites | Action::StaffWrites => {
                "/api/staff-chat-integration/send".to_owned()
            }
            Action::Take | Action::Resolve => format!("{conversation}/status"),
            Action::Claim(_) | Action::Release => format!("{conversation}/assignment"),
        }
    }

    /// The body of the call.
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
            Action::Claim(desk) => {
                json!({ "changeId": id, "action": "claim", "actorId": desk_name(desk) })
            }
            Action::Release => json!({ "changeId": id, "action": "release", "actorId": "lead" }),
        }
    }
}

/// The id of the member of the staff at a desk.
fn desk_name(desk: u8) -> String {
    format!("desk-{desk}")
}
