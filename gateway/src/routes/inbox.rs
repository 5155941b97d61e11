//! `GET /api/unified-chat/conversations`

use actix_web::{HttpRequest, HttpResponse, web};
use chat::{SessionStatus, ValidationError};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    paging::PageLimit,
    paths,
    responses::{CallerRejected, HistoryUnavailable, ParameterRejected, RateLimited},
};
use crate::{
    auth::Caller,
    http::{Parameters, by_name},
    metrics::HistoryRead,
    problem::Problem,
    reads::{self, HistoryMessage, Inbox, InboxCursor, InboxEntry, InboxOrder, Session},
    state::AppState,
};

/// The parameters of the inbox.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InboxParameters {
    /// Statuses of the latest session, separated by commas; all statuses when absent
    #[serde(default)]
    #[param(value_type = Option<String>, example = "pending,active", pattern = r"^(pending|active|resolved)(,(pending|active|resolved))*$")]
    status: Statuses,
    /// `latest`: the latest message first. `waiting`: the longest waiting player first, and
    /// conversations in which no player waits last
    #[serde(default, deserialize_with = "by_name")]
    #[param(value_type = Option<String>, pattern = "^(latest|waiting)$", default = "latest", example = "waiting")]
    order: Order,
    /// The most conversations of a page
    #[serde(default)]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 200, default = 50)]
    limit: PageLimit,
    /// The `nextCursor` of the previous page. It determines the order; `order` is then ignored
    #[param(value_type = Option<String>, pattern = r"^([0-9]{1,17}|w[0-9]{1,17}|w-):[A-Za-z0-9_\-=@,.;]{1,128}$")]
    cursor: Option<InboxCursor>,
}

/// The order of conversations.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Latest,
    Waiting,
}

/// Distinct statuses.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Statuses(Vec<SessionStatus>);

impl Default for Statuses {
    fn default() -> Self {
        Self(SessionStatus::ALL.to_vec())
    }
}

impl TryFrom<String> for Statuses {
    type Error = ValidationError;

    fn try_from(text: String) -> Result<Self, ValidationError> {
        const EXPECTED: ValidationError =
            ValidationError("must be pending, active or resolved, with commas between");
        let statuses = text.split(',').map(|name| SessionStatus::from_name(name).ok_or(EXPECTED));
        let mut statuses: Vec<_> = statuses.collect::<Result<_, _>>()?;
        statuses.sort_unstable();
        statuses.dedup();
        Ok(Self(statuses))
    }
}

/// A page of the staff's inbox.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InboxPage {
    /// In the requested order, each once, from one snapshot of the database.
    conversations: Vec<InboxConversation>,
    /// The `cursor` of the next page; null on the last page.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// One conversation in the inbox.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InboxConversation {
    /// The player whose conversation it is.
    player_id: String,
    /// Its latest session.
    session: Session,
    /// Its last message.
    last_message: HistoryMessage,
    /// The player's messages in the open session since the last answer of staff, at most 100; 0
    /// when the session is resolved.
    #[schema(minimum = 0, maximum = 100)]
    unanswered_count: i64,
    /// When the first of these was accepted; null when there is none.
    #[schema(required = true)]
    #[serde(serialize_with = "chat::timestamp::optional::serialize")]
    waiting_since: Option<DateTime<Utc>>,
    /// The player's messages beyond the caller's mark or, without one, after the last message of
    /// staff; 100 for 100 or more. Messages before the last 100 of the conversation are not counted.
    /// Absent where no read marks are kept, and with `AUTH_MODE=off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, maximum = 100)]
    unread_count: Option<i64>,
    /// The `seq` of the last message that the player has read; absent before the player's first mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    player_read_seq: Option<i64>,
}

/// Reads the staff's inbox
#[utoipa::path(
    get,
    path = paths::INBOX,
    tag = "conversations",
    security(("token" = [])),
    params(InboxParameters),
    responses(
        (status = 200, description = "A page", body = InboxPage),
        ParameterRejected,
        CallerRejected,
        RateLimited,
        HistoryUnavailable,
    )
)]
pub async fn inbox(
    state: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    parameters: Parameters<InboxParameters>,
) -> Result<HttpResponse, Problem> {
    caller.require_staff()?;
    let InboxParameters { status, order, limit, cursor } = parameters.0;
    let order = order.after(cursor);
    let memory = state.readers.admit(&caller, state.client(&request), limit.get()).await?;
    let visible = state.visible_reads(&caller);
    let found = state
        .history
        .read(HistoryRead::Inbox, async |connection| {
            reads::inbox(connection, &status.0, &order, limit.get(), visible.as_ref()).await
        })
        .await
        .map_err(|_| Problem::HistoryUnavailable)?;
    Ok(memory.json(&InboxPage::from(found)))
}

impl Order {
    /// This order from its beginning, or the order of `cursor` after its place.
    fn after(self, cursor: Option<InboxCursor>) -> InboxOrder {
        match (self, cursor) {
            (_, Some(InboxCursor::Latest(cursor))) => InboxOrder::Latest(Some(cursor)),
            (_, Some(InboxCursor::Waiting(cursor))) => InboxOrder::Waiting(Some(cursor)),
            (Self::Latest, None) => InboxOrder::Latest(None),
            (Self::Waiting, None) => InboxOrder::Waiting(None),
        }
    }
}

impl From<Inbox> for InboxPage {
    fn from(inbox: Inbox) -> Self {
        Self {
            conversations: inbox.entries.into_iter().map(InboxConversation::from).collect(),
            next_cursor: inbox.next.map(|cursor| cursor.to_string()),
        }
    }
}

impl From<InboxEntry> for InboxConversation {
    fn from(entry: InboxEntry) -> Self {
        Self {
            player_id: entry.player_id,
            session: entry.session,
            last_message: entry.last_message,
            unanswered_count: entry.unanswered_count,
            waiting_since: entry.waiting_since,
            unread_count: entry.unread.and_then(|unread| unread.count),
            player_read_seq: entry.unread.and_then(|unread| unread.player_read_seq),
        }
    }
}
