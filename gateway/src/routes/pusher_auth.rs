//! `POST /api/pusher/auth`

use actix_web::{HttpResponse, web};
use chat::{Name, PlayerId, SenderId};
use pusher::{Audience, SocketId, sign_subscription};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    paths,
    responses::{BodyRejected, CallerRejected, RateLimited},
};
use crate::{auth::Caller, http::Form, problem::Problem, state::AppState};

/// A subscription to sign, as pusher-js sends it.
///
/// Source: <https://pusher.com/docs/channels/server_api/authorizing-users/>.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SubscriptionRequest {
    /// The Pusher connection that subscribes.
    socket_id: SocketId,
    /// The channel.
    #[schema(examples("private-player-player-7"))]
    channel_name: String,
}

/// The signature of a subscription.
#[derive(Debug, Serialize, ToSchema)]
pub struct Subscription {
    /// The app key and the signature, separated by a colon.
    auth: String,
    /// The member that enters a presence channel, as JSON. Absent for other channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    channel_data: Option<String>,
    /// The key of an encrypted channel, in base64. pusher-js decrypts events with it, and sends it
    /// to no server. Absent for other channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    shared_secret: Option<String>,
}

/// A member of a presence channel.
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

/// Signs a subscription to a private, an encrypted or a presence channel
///
/// Players may subscribe to their own `private-player-{playerId}`. Staff may subscribe to that of
/// every player, to `private-staff-portal`, and to `presence-staff-portal` as the member whom the
/// token names. With encrypted channels, all names but that of the presence channel begin with
/// `private-encrypted-`.
#[utoipa::path(
    post,
    path = paths::PUSHER_AUTH,
    tag = "pusher",
    security(("token" = [])),
    request_body(
        content = SubscriptionRequest,
        content_type = "application/x-www-form-urlencoded",
        example = json!({"socket_id": "4711.42", "channel_name": "private-player-player-7"}),
    ),
    responses(
        (status = 200, description = "The signature", body = Subscription),
        BodyRejected,
        CallerRejected,
        RateLimited,
    )
)]
pub async fn authorize(
    state: web::Data<AppState>,
    caller: Caller,
    form: Form<SubscriptionRequest>,
) -> Result<HttpResponse, Problem> {
    let AppState { pusher: app, channels, .. } = &**state;
    let SubscriptionRequest { socket_id, channel_name: name } = form.0;
    let audience = channels.to_sign_for(&name).ok_or(Problem::ForbiddenChannel)?;
    let member = authorize_channel(caller, audience)?;
    let channel_data = member.map(|member| serde_json::to_string(&member)).transpose();
    let channel_data = channel_data.map_err(|_| Problem::Internal)?;
    let signature =
        sign_subscription(&app.secret, socket_id.as_str(), &name, channel_data.as_deref());
    Ok(HttpResponse::Ok().json(Subscription {
        auth: format!("{}:{signature}", app.key),
        channel_data,
        shared_secret: channels.shared_secret(&name).map(|secret| secret.to_base64()),
    }))
}

/// Checks that the caller may subscribe, and returns the member that enters a presence channel.
fn authorize_channel(caller: Caller, audience: Audience<'_>) -> Result<Option<Member>, Problem> {
    let allowed = match audience {
        Audience::Player(id) => match PlayerId::try_from(id.to_owned()) {
            Ok(player) => caller.authorize_read(&player),
            Err(_) => Err(Problem::ForbiddenChannel),
        },
        Audience::Staff | Audience::StaffPresence => caller.require_staff(),
    };
    allowed.map_err(|_| Problem::ForbiddenChannel)?;
    match (audience, caller) {
        (Audience::StaffPresence, Caller::Staff { id, name, .. }) => {
            Ok(Some(Member { user_id: id, user_info: MemberInfo { name } }))
        }
        // Without a token, the gateway does not know which member of the staff calls.
        (Audience::StaffPresence, _) => Err(Problem::ForbiddenChannel),
        _ => Ok(None),
    }
}
