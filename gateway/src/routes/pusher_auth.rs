//! `POST /api/pusher/auth`

use actix_web::{HttpRequest, HttpResponse, web};
use chat::{Name, PlayerId, SenderId, SenderType};
use pusher::{Audience, SocketId, sign_subscription};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    paths,
    responses::{BodyRejected, CallerRejected, HistoryUnavailable, RateLimited},
};
use crate::{
    auth::Caller, http::Form, metrics::HistoryRead, problem::Problem, reads, state::AppState,
};

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
    user_id: String,
    user_info: MemberInfo,
}

#[derive(Debug, Serialize)]
struct MemberInfo {
    /// In the presence channel of a conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<SenderType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Name>,
}

/// Signs a subscription to a private, an encrypted or a presence channel
///
/// Players may subscribe to their own `private-player-{playerId}`. Staff may subscribe to that of
/// every player, to `private-staff-portal`, and to `presence-staff-portal` as the member whom the
/// token names. With encrypted channels, all names but those of presence channels begin with
/// `private-encrypted-`.
///
/// Where `conversationPresence` of the configuration is true, players may subscribe to their own
/// `presence-conversation-{playerId}`, and staff to that of every player. Their `user_id` is
/// `player`, or `staff-` and the first 32 hexadecimal digits of the SHA-256 of the token's `sub`;
/// `user_info` has the `role`, and the `name` if the token has one.
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
        HistoryUnavailable,
    )
)]
pub async fn authorize(
    state: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    form: Form<SubscriptionRequest>,
) -> Result<HttpResponse, Problem> {
    let AppState { pusher: app, channels, .. } = &**state;
    let SubscriptionRequest { socket_id, channel_name: name } = form.0;
    let audience = channels.to_sign_for(&name).ok_or(Problem::ForbiddenChannel)?;
    if matches!(audience, Audience::ConversationPresence(_)) && !state.conversation_presence {
        return Err(Problem::ForbiddenChannel);
    }
    authorize_team(&state, &request, &caller, audience).await?;
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

/// Checks that no team restricts the caller from the channel of a conversation.
async fn authorize_team(
    state: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    audience: Audience<'_>,
) -> Result<(), Problem> {
    let (Audience::Player(id) | Audience::ConversationPresence(id)) = audience else {
        return Ok(());
    };
    let desk = state.team_desk.as_deref();
    let Some(desk) = desk.filter(|desk| desk.readable_teams(caller).is_some()) else {
        return Ok(());
    };
    let player = PlayerId::try_from(id.to_owned()).map_err(|_| Problem::ForbiddenChannel)?;
    let memory = state.readers.admit(caller, state.client(request), 1).await?;
    let team = state
        .history
        .read(HistoryRead::PusherAuth, async |connection| {
            reads::team_of_latest_session(connection, &player).await
        })
        .await
        .map_err(|_| Problem::HistoryUnavailable)?;
    drop(memory);
    let readable = desk.check_readable(caller, team.as_deref());
    readable.map_err(|_| Problem::ForbiddenChannel)
}

/// Checks that the caller may subscribe, and returns the member that enters a presence channel.
fn authorize_channel(caller: Caller, audience: Audience<'_>) -> Result<Option<Member>, Problem> {
    let allowed = match audience {
        Audience::Player(id) | Audience::ConversationPresence(id) => {
            match PlayerId::try_from(id.to_owned()) {
                Ok(player) => caller.authorize_read(&player),
                Err(_) => Err(Problem::ForbiddenChannel),
            }
        }
        Audience::Staff | Audience::StaffPresence => caller.require_staff(),
    };
    allowed.map_err(|_| Problem::ForbiddenChannel)?;
    match (audience, caller) {
        (Audience::StaffPresence, Caller::Staff { id, name, .. }) => {
            let user_id = id.as_str().to_owned();
            Ok(Some(Member { user_id, user_info: MemberInfo { role: None, name } }))
        }
        (Audience::ConversationPresence(_), Caller::Staff { id, name, .. }) => {
            let role = Some(SenderType::Staff);
            Ok(Some(Member { user_id: hashed(&id), user_info: MemberInfo { role, name } }))
        }
        (Audience::ConversationPresence(_), Caller::Player { name, .. }) => {
            let role = Some(SenderType::Player);
            Ok(Some(Member {
                user_id: SenderType::Player.as_str().to_owned(),
                user_info: MemberInfo { role, name },
            }))
        }
        // Without a token, the gateway does not know who calls.
        (Audience::StaffPresence | Audience::ConversationPresence(_), _) => {
            Err(Problem::ForbiddenChannel)
        }
        (Audience::Staff | Audience::Player(_), _) => Ok(None),
    }
}

/// The id of a member of the staff in the presence channel of a conversation. Players see it, and do
/// not learn the portal's id from it.
fn hashed(id: &SenderId) -> String {
    /// Half of the digest: 32 hexadecimal digits.
    const BYTES: usize = 16;
    let digest = digest(&SHA256, id.as_str().as_bytes());
    let digits = digest.as_ref().iter().take(BYTES).map(|byte| format!("{byte:02x}"));
    format!("staff-{}", digits.collect::<String>())
}
