//! `POST /api/pusher/auth`

use actix_web::{HttpResponse, web};
use pusher::{ChannelAccess, STAFF_PRESENCE_CHANNEL, player_of_channel, sign_subscription};
use serde::{Deserialize, Serialize};
use shared::chat::{Name, PlayerId, SenderId, SocketId};
use utoipa::ToSchema;

use crate::{
    auth::Caller,
    http::{Form, Problem, ProblemBody},
};

/// What pusher-js asks before it subscribes to a private or a presence channel.
///
/// Source: <https://pusher.com/docs/channels/server_api/authorizing-users/>.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SubscriptionRequest {
    /// The connection that wants to subscribe.
    socket_id: SocketId,
    /// The channel.
    channel_name: String,
}

/// What lets the connection subscribe.
#[derive(Debug, Serialize, ToSchema)]
pub struct Subscription {
    /// The app's key and the signature, with a colon between them.
    auth: String,
    /// Who enters a presence channel, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_data: Option<String>,
}

/// Who enters a presence channel.
///
/// Source: <https://pusher.com/docs/channels/using_channels/presence-channels/>.
#[derive(Debug, Serialize)]
struct Member {
    user_id: SenderId,
    user_info: MemberInfo,
}

#[derive(Debug, Serialize)]
struct MemberInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Name>,
}

/// Signs a subscription to a private or a presence channel
///
/// A player's own `private-player-{playerId}`; for staff that of every player, `private-staff-portal`, and
/// `presence-staff-portal` as the one whom the token names. No other.
#[utoipa::path(
    post,
    path = "/api/pusher/auth",
    tag = "pusher",
    security(("token" = [])),
    request_body(content = SubscriptionRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The signature", body = Subscription),
        (status = 400, description = "A field is not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The token is missing, or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not a channel to sign for", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is no form", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many calls", body = ProblemBody, content_type = "application/problem+json", headers(("Retry-After" = u32, description = "Seconds to wait"))),
    )
)]
pub async fn authorize(
    caller: Caller,
    form: Form<SubscriptionRequest>,
    app: web::Data<pusher::App>,
) -> Result<HttpResponse, Problem> {
    let SubscriptionRequest { socket_id, channel_name } = form.0;
    let member = Channel::named(&channel_name)?.lets_in(caller)?;
    let channel_data = match member.map(|member| serde_json::to_string(&member)).transpose() {
        Ok(data) => data,
        Err(_) => return Err(Problem::Internal),
    };
    let signature =
        sign_subscription(&app.secret, socket_id.as_str(), &channel_name, channel_data.as_deref());
    let auth = format!("{}:{signature}", app.key);
    Ok(HttpResponse::Ok().json(Subscription { auth, channel_data }))
}

/// A channel that somebody may subscribe to.
enum Channel {
    Player(PlayerId),
    Staff,
    StaffPresence,
}

impl Channel {
    fn named(name: &str) -> Result<Self, Problem> {
        if name == ChannelAccess::Private.staff_channel() {
            return Ok(Self::Staff);
        }
        if name == STAFF_PRESENCE_CHANNEL {
            return Ok(Self::StaffPresence);
        }
        let player = player_of_channel(name).ok_or(Problem::ForbiddenChannel)?;
        let player = PlayerId::try_from(player.to_owned()).map(Self::Player);
        player.map_err(|_| Problem::ForbiddenChannel)
    }

    /// Whether the caller may subscribe, and as which member of a presence channel.
    fn lets_in(&self, caller: Caller) -> Result<Option<Member>, Problem> {
        let allowed = match self {
            Self::Player(player) => caller.follows(player),
            Self::Staff | Self::StaffPresence => caller.is_staff(),
        };
        allowed.map_err(|_| Problem::ForbiddenChannel)?;
        match (self, caller) {
            (Self::StaffPresence, Caller::Staff { id, name }) => {
                Ok(Some(Member { user_id: id, user_info: MemberInfo { name } }))
            }
            // Nobody here knows who a caller is that the portal vouches for.
            (Self::StaffPresence, _) => Err(Problem::ForbiddenChannel),
            _ => Ok(None),
        }
    }
}
