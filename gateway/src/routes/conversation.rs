//! `GET /api/unified-chat/conversations/{playerId}`

use actix_web::{HttpRequest, HttpResponse, web};
use chat::{PlayerId, SenderType};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    paging::{PageLimit, Seq},
    paths,
    responses::{CallerRejected, HistoryUnavailable, ParameterRejected, RateLimited},
};
use crate::{
    auth::Caller,
    http::{Parameters, PathPlayer},
    input::NewPlayerId,
    metrics::HistoryRead,
    problem::Problem,
    reads::{self, Conversation, HistoryMessage, MessageCursor, Page, Reads, Session},
    state::AppState,
    team_desk::TeamDesk,
};

/// The parameters of a page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryParameters {
    /// The most messages of a page. A page has at most 256 KiB, and then fewer messages
    #[serde(default)]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 200, default = 50)]
    limit: PageLimit,
    /// Messages before this cursor: the `nextCursor` of a newer page. Ignored with `after`
    #[param(value_type = Option<String>, pattern = r"^[0-9]{1,17}:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")]
    before: Option<MessageCursor>,
    /// Messages with a higher `seq`: the `lastSeq` of the previous response. Repeat with `lastSeq`
    /// of each response while `nextCursor` is not null
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Option<Seq>,
}

/// A page of a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The player whose conversation it is.
    #[schema(value_type = NewPlayerId)]
    player_id: PlayerId,
    /// The latest session, whatever its status; null before the first message.
    #[schema(required = true)]
    session: Option<Session>,
    /// The oldest first.
    messages: Vec<HistoryMessage>,
    /// Null on the last page. Otherwise request the next page with this as `before`, or, when this
    /// page was requested with `after`, with `lastSeq` as `after`.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// How far the conversation is read; absent where no read marks are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reads: Option<Reads>,
    /// The `after` for messages that are not there yet. Take it from the newest page and from pages
    /// requested with `after`. On a page requested with `before` it is the last `seq` of the
    /// conversation, which the client may not have seen.
    last_seq: i64,
}

/// Reads a conversation
///
/// Without `before` and `after` it returns the newest page, with `before` older pages, and with
/// `after` every message that a client missed, however long it was offline, unless it is archived.
/// The conversation of a player who never wrote is empty.
#[utoipa::path(
    get,
    path = paths::CONVERSATION_DOCUMENTED,
    tag = "conversations",
    security(("token" = [])),
    params(("playerId" = NewPlayerId, Path, description = "The player whose conversation it is"), HistoryParameters),
    responses(
        (status = 200, description = "A page", body = History),
        ParameterRejected,
        CallerRejected,
        RateLimited,
        HistoryUnavailable,
    )
)]
pub async fn conversation(
    state: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    player: PathPlayer,
    parameters: Parameters<HistoryParameters>,
) -> Result<HttpResponse, Problem> {
    caller.authorize_read(&player.0)?;
    let (page, limit) = (parameters.0.page(), parameters.0.limit.get());
    let memory = state.readers.admit(&caller, state.client(&request), limit).await?;
    let visible = state.visible_reads(&caller);
    let found = state
        .history
        .read(HistoryRead::Conversation, async |connection| {
            reads::conversation(connection, &player.0, page, limit, visible.as_ref()).await
        })
        .await
        .map_err(|_| Problem::HistoryUnavailable)?;
    let desk = state.team_desk.as_deref();
    if let (Some(desk), Some(session)) = (desk, &found.session) {
        desk.check_readable(&caller, session.team.as_deref())?;
    }
    state.audit.record(&caller, &player.0);
    Ok(memory.json(&History::new(player.0, page, found).shown_to(&caller, desk)))
}

impl HistoryParameters {
    fn page(&self) -> Page {
        match (self.after, self.before) {
            (Some(seq), _) => Page::After(seq.get()),
            (None, Some(cursor)) => Page::Before(cursor),
            (None, None) => Page::Newest,
        }
    }
}

impl History {
    fn new(player_id: PlayerId, page: Page, found: Conversation) -> Self {
        let next = match page {
            Page::After(_) => Some(found.last_seq.to_string()),
            Page::Newest | Page::Before(_) => found.messages.first().map(|oldest| {
                let (accepted_at, message_id) = (oldest.accepted_at, oldest.message_id);
                MessageCursor { accepted_at, message_id }.to_string()
            }),
        };
        Self {
            player_id,
            session: found.session,
            messages: found.messages,
            next_cursor: next.filter(|_| found.has_more),
            reads: found.reads,
            last_seq: found.last_seq,
        }
    }

    /// Removes what the caller must not see: players see neither the ids of staff nor what staff keep
    /// about a session, and without a `desk` staff keep nothing.
    fn shown_to(mut self, caller: &Caller, desk: Option<&TeamDesk>) -> Self {
        if !matches!(caller, Caller::Player { .. }) {
            if desk.is_none() {
                self.session = self.session.map(Session::without_desk);
            }
            return self;
        }
        let staff_names = desk.map(|desk| desk.staff_names).unwrap_or_default();
        self.session = self.session.map(|session| session.for_player(staff_names));
        let staff = SenderType::Staff.as_str();
        for message in self.messages.iter_mut().filter(|message| message.sender_type == staff) {
            message.sender_id = None;
        }
        self
    }
}
