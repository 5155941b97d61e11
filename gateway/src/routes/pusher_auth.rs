//! `POST /api/pusher/auth`

use actix_web::{HttpResponse, web};
use pusher::{ChannelAccess, player_of_channel, sign_subscription};
use serde::{Deserialize, Serialize};
use shared::chat::{PlayerId, SocketId};
use utoipa::ToSchema;

use crate::http::{Form, Problem, ProblemBody};

/// What pusher-js asks before it subscribes to a private channel.
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
}

/// Signs a subscription to a private channel
///
/// For `private-player-{playerId}` and `private-staff-portal`, and for no other.
#[utoipa::path(
    post,
    path = "/api/pusher/auth",
    tag = "pusher",
    request_body(content = SubscriptionRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The signature", body = Subscription),
        (status = 400, description = "A field is not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not a channel to sign for", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is no form", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn authorize(
    form: Form<SubscriptionRequest>,
    app: web::Data<pusher::App>,
) -> Result<HttpResponse, Problem> {
    let SubscriptionRequest { socket_id, channel_name } = form.0;
    if !is_ours(&channel_name) {
        return Err(Problem::ForbiddenChannel);
    }
    let signature = sign_subscription(&app.secret, socket_id.as_str(), &channel_name, None);
    Ok(HttpResponse::Ok().json(Subscription { auth: format!("{}:{signature}", app.key) }))
}

fn is_ours(channel: &str) -> bool {
    let player = player_of_channel(channel).map(|id| PlayerId::try_from(id.to_owned()));
    channel == ChannelAccess::Private.staff_channel() || matches!(player, Some(Ok(_)))
}
