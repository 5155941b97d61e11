//! `GET /api/unified-chat/conversations`

use actix_web::{HttpRequest, HttpResponse, web};
use chat::{Priority, SenderId, SessionStatus, Tag, Team, ValidationError};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    paging::{Listed, PageLimit},
    paths,
    responses::{CallerRejected, HistoryUnavailable, ParameterRejected, RateLimited},
};
use crate::{
    auth::Caller,
    http::{Parameters, by_name},
    input::NewSenderId,
    metrics::HistoryRead,
    problem::Problem,
    reads::{
        self, AssigneeFilter, HistoryMessage, Inbox, InboxCursor, InboxEntry, InboxFilters,
        InboxOrder, Session,
    },
    state::AppState,
    team_desk::TeamDesk,
};

/// The parameters of the inbox.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InboxParameters {
    /// Statuses of the latest session, separated by commas. When absent all statuses, and with
    /// `assignee`, `team`, `tag` or `priority` the open ones, `pending` and `active`. Those do not go
    /// together with `resolved`
    #[param(value_type = Option<String>, example = "pending,active", pattern = r"^(pending|active|resolved)(,(pending|active|resolved))*$")]
    status: Option<Statuses>,
    /// `latest`: the latest message first. `waiting`: the most urgent session first, then the longest
    /// waiting player; conversations in which no player waits come last, and resolved ones after them
    #[serde(default, deserialize_with = "by_name")]
    #[param(value_type = Option<String>, pattern = "^(latest|waiting)$", default = "latest", example = "waiting")]
    order: Order,
    /// The most conversations of a page
    #[serde(default)]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 200, default = 50)]
    limit: PageLimit,
    /// The `nextCursor` of the previous page. It determines the order; `order` is then ignored
    #[param(value_type = Option<String>, pattern = r"^([0-9]{1,17}|(u[0-4])?w([0-9]{1,17}|-)):[A-Za-z0-9_\-=@,.;]{1,128}$")]
    cursor: Option<InboxCursor>,
    /// Who has the session: `me`, `none`, or the id of a member of the staff
    #[param(value_type = Option<String>, min_length = 1, max_length = 128, example = "me")]
    assignee: Option<AssigneeName>,
    /// The teams that the session belongs to, separated by commas: at most 20
    #[param(value_type = Option<String>, pattern = "^[a-z0-9-]{1,40}(,[a-z0-9-]{1,40}){0,19}$", example = "payments,appeals")]
    team: Option<Listed<Team>>,
    /// A tag of the session
    #[param(value_type = Option<String>, pattern = "^[a-z0-9-]{1,40}$", example = "refund")]
    tag: Option<Tag>,
    /// Priorities of the session, separated by commas
    #[param(value_type = Option<String>, pattern = "^(low|normal|high|urgent)(,(low|normal|high|urgent)){0,19}$", example = "urgent,high")]
    priority: Option<Listed<Priority>>,
}

/// The order of conversations.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Latest,
    Waiting,
}

/// Who has a session, as a client names the member of the staff.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
enum AssigneeName {
    Me,
    None,
    Member(SenderId),
}

impl TryFrom<String> for AssigneeName {
    type Error = ValidationError;

    fn try_from(name: String) -> Result<Self, ValidationError> {
        Ok(match name.as_str() {
            "me" => Self::Me,
            "none" => Self::None,
            _ => Self::Member(NewSenderId::try_from(name)?.into()),
        })
    }
}

/// Distinct statuses.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Statuses(Vec<SessionStatus>);

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
    let desk = state.team_desk.as_deref();
    let parameters = parameters.0;
    let filters = parameters.filters(&caller, desk)?;
    let statuses = parameters.statuses(&filters)?;
    let order = parameters.order.after(parameters.cursor, desk.is_some());
    let limit = parameters.limit.get();
    let memory = state.readers.admit(&caller, state.client(&request), limit).await?;
    let visible = state.visible_reads(&caller);
    let mut found = state
        .history
        .read(HistoryRead::Inbox, async |connection| {
            reads::inbox(connection, &statuses, &filters, &order, limit, visible.as_ref()).await
        })
        .await
        .map_err(|_| Problem::HistoryUnavailable)?;
    if desk.is_none() {
        found.hide_desk();
    }
    Ok(memory.json(&InboxPage::from(found)))
}

impl InboxParameters {
    /// Which sessions the page has.
    fn filters(&self, caller: &Caller, desk: Option<&TeamDesk>) -> Result<InboxFilters, Problem> {
        let Self { assignee, team, tag, priority, .. } = self;
        let Some(desk) = desk else {
            let given = [
                ("assignee", assignee.is_some()),
                ("team", team.is_some()),
                ("tag", tag.is_some()),
                ("priority", priority.is_some()),
            ];
            return match given.into_iter().find(|(_, is_given)| *is_given) {
                Some((field, _)) => Err(Problem::invalid_field(
                    field,
                    "is unknown: this gateway serves no team's desk",
                )),
                None => Ok(InboxFilters::default()),
            };
        };
        let names = |teams: &[Team]| teams.iter().map(|team| team.as_str().to_owned()).collect();
        Ok(InboxFilters {
            assignee: assignee.as_ref().map(|assignee| assignee.filter(caller)).transpose()?,
            teams: team.as_ref().map(|Listed(teams)| names(teams)).unwrap_or_default(),
            tag: tag.clone(),
            priorities: priority.as_ref().map(|Listed(all)| all.clone()).unwrap_or_default(),
            readable_teams: desk.readable_teams(caller).map(names),
        })
    }

    /// The statuses of the page. Filters concern open sessions.
    fn statuses(&self, filters: &InboxFilters) -> Result<Vec<SessionStatus>, Problem> {
        let is_filtered = filters.choose_open_sessions();
        match &self.status {
            Some(Statuses(statuses))
                if is_filtered && statuses.contains(&SessionStatus::Resolved) =>
            {
                Err(Problem::invalid_field(
                    "status",
                    "must be pending or active beside assignee, team, tag or priority",
                ))
            }
            Some(Statuses(statuses)) => Ok(statuses.clone()),
            None if is_filtered => Ok(vec![SessionStatus::Pending, SessionStatus::Active]),
            None => Ok(SessionStatus::ALL.to_vec()),
        }
    }
}

impl AssigneeName {
    fn filter(&self, caller: &Caller) -> Result<AssigneeFilter, Problem> {
        match (self, caller) {
            (Self::None, _) => Ok(AssigneeFilter::None),
            (Self::Member(id), _) | (Self::Me, Caller::Staff { id, .. }) => {
                Ok(AssigneeFilter::Member(id.clone()))
            }
            (Self::Me, Caller::Trusted | Caller::Player { .. }) => Err(Problem::invalid_field(
                "assignee",
                "must be none or an id: without a token the gateway does not know who calls",
            )),
        }
    }
}

impl Order {
    /// This order from its beginning, or the order of `cursor` after its place.
    /// On a team's desk the order of waiting has the most urgent sessions first.
    fn after(self, cursor: Option<InboxCursor>, on_desk: bool) -> InboxOrder {
        match (self, cursor) {
            (_, Some(InboxCursor::Latest(cursor))) => InboxOrder::Latest(Some(cursor)),
            (_, Some(InboxCursor::Waiting(cursor))) => InboxOrder::Waiting(Some(cursor)),
            (_, Some(InboxCursor::Urgency(cursor))) => InboxOrder::Urgency(Some(cursor)),
            (Self::Latest, None) => InboxOrder::Latest(None),
            (Self::Waiting, None) if on_desk => InboxOrder::Urgency(None),
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
