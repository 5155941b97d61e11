//! The staff's inbox.
//!
//! - [`inbox`]: a page of it.
//! - [`InboxFilters`]: which open sessions of a team's desk it has.
//! - [`InboxOrder`]: its order.
//! - [`InboxQuery`], [`InboxWithReadsQuery`]: its statement.

mod filters;
mod order;
mod query;

use chat::{PlayerId, Priority, SessionStatus};
use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::TryStreamExt;

use super::{
    HistoryMessage, InboxCursor, LatestCursor, Session, Urgency, UrgencyCursor, VisibleReads,
    WaitingCursor, bounded::bounded,
};

pub use filters::{AssigneeFilter, InboxFilters};
pub use order::InboxOrder;
pub use query::{InboxQuery, InboxWithReadsQuery};

/// A page of the staff's inbox.
#[derive(Debug)]
pub struct Inbox {
    /// In the requested order.
    pub entries: Vec<InboxEntry>,
    /// The cursor of the next page, if there is one.
    pub next: Option<InboxCursor>,
}

impl Inbox {
    /// Removes what staff keep about sessions on a team's desk.
    pub fn hide_desk(&mut self) {
        let entries = std::mem::take(&mut self.entries).into_iter();
        let hidden = entries.map(|e| InboxEntry { session: e.session.without_desk(), ..e });
        self.entries = hidden.collect();
    }
}

/// One conversation in the inbox.
#[derive(Debug)]
pub struct InboxEntry {
    /// The player whose conversation it is.
    pub player_id: String,
    /// Its latest session.
    pub session: Session,
    /// Its last message.
    pub last_message: HistoryMessage,
    /// The player's messages in the open session since the last answer of staff, at most 100.
    pub unanswered_count: i64,
    /// When the first of these was accepted.
    pub waiting_since: Option<DateTime<Utc>>,
    /// What is unread, where marks are kept.
    pub unread: Option<Unread>,
}

/// What is unread in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The player's messages beyond the caller's mark, or, without one, after the last message of
    /// staff; at most 100.
    ///
    /// `None` without a token, since the caller may be any member of the staff.
    pub count: Option<i64>,
    /// The `seq` of the last message that the player has read.
    pub player_read_seq: Option<i64>,
}

/// At most `limit` of the conversations whose latest session has one of `statuses` and that `filters`
/// choose, each once, from one snapshot. Fewer when they exceed
/// [`PAGE_BYTES`](crate::answers::PAGE_BYTES) of JSON, or when the caller may not read some of them.
/// `visible` are the marks by which unread messages are counted; `None` counts none.
///
/// # Errors
/// When the database fails.
pub async fn inbox(
    connection: &mut AsyncPgConnection,
    statuses: &[SessionStatus],
    filters: &InboxFilters,
    order: &InboxOrder,
    limit: i64,
    visible: Option<&VisibleReads>,
) -> QueryResult<Inbox> {
    let query = InboxQuery::new(statuses, order, limit + 1).with_filters(filters);
    let bytes = |(row, _): &(Row, _)| json_bytes(row);
    let (mut rows, has_more) = match visible {
        None => {
            let rows = query.load_stream::<Columns>(connection).await?;
            bounded(rows.map_ok(|columns| (Row::from(columns), None)), limit, bytes).await?
        }
        Some(visible) => {
            let query = InboxWithReadsQuery::new(query, visible);
            let rows = query.load_stream::<ColumnsWithReads>(connection).await?;
            let rows = rows.map_ok(|(player, at, count, since, session, message, number, read)| {
                let columns = (player, at, count, since, session, message);
                let count = visible.own.is_some().then_some(number);
                (Row::from(columns), Some(Unread { count, player_read_seq: read }))
            });
            bounded(rows, limit, bytes).await?
        }
    };
    let next = rows.last().filter(|_| has_more).and_then(|(row, _)| row.cursor(order));
    rows.retain(|(row, _)| filters.can_read(row.session.team.as_deref()));
    let entry = |(row, unread): (Row, Option<Unread>)| {
        let is_open = row.session.resolved_at.is_none();
        InboxEntry {
            player_id: row.player_id,
            unanswered_count: if is_open { row.unanswered.into() } else { 0 },
            waiting_since: row.waiting_since.filter(|_| is_open),
            session: row.session,
            last_message: row.last_message,
            unread,
        }
    };
    Ok(Inbox { entries: rows.into_iter().map(entry).collect(), next })
}

/// The columns of [`InboxQuery`].
type Columns = (String, Option<DateTime<Utc>>, i16, Option<DateTime<Utc>>, Session, HistoryMessage);

/// The columns of [`InboxWithReadsQuery`]. Diesel has no row with a tuple of selected tables in it.
type ColumnsWithReads = (
    String,
    Option<DateTime<Utc>>,
    i16,
    Option<DateTime<Utc>>,
    Session,
    HistoryMessage,
    i64,
    Option<i64>,
);

/// A row of [`InboxQuery`].
struct Row {
    player_id: String,
    last_message_at: Option<DateTime<Utc>>,
    unanswered: i16,
    waiting_since: Option<DateTime<Utc>>,
    session: Session,
    last_message: HistoryMessage,
}

impl From<Columns> for Row {
    fn from(columns: Columns) -> Self {
        let (player_id, last_message_at, unanswered, waiting_since, session, last_message) =
            columns;
        Self { player_id, last_message_at, unanswered, waiting_since, session, last_message }
    }
}

impl Row {
    /// The cursor after the row in `order`.
    fn cursor(&self, order: &InboxOrder) -> Option<InboxCursor> {
        let player_id = PlayerId::try_from(self.player_id.clone()).ok()?;
        let waiting = WaitingCursor { waiting_since: self.waiting_since, player_id };
        Some(match order {
            InboxOrder::Latest(_) => {
                let last_message_at = self.last_message_at?;
                InboxCursor::Latest(LatestCursor { last_message_at, player_id: waiting.player_id })
            }
            InboxOrder::Waiting(_) => InboxCursor::Waiting(waiting),
            InboxOrder::Urgency(_) => {
                let urgency = match self.session.resolved_at {
                    Some(_) => Urgency::Resolved,
                    None => Urgency::Open(Priority::from_number(self.session.priority)?),
                };
                InboxCursor::Urgency(UrgencyCursor { urgency, waiting })
            }
        })
    }
}

/// An upper bound of the size of a row as JSON, in bytes.
fn json_bytes(row: &Row) -> usize {
    /// Field names, ids, numbers, timestamps, the team and the language.
    const OTHERS: usize = 900;
    /// A name or an id has at most 128 characters, each of at most six bytes.
    const NAME: usize = 128 * 6;
    /// A tag has at most 40 bytes, quotes and a comma.
    const TAG: usize = 43;
    let session = &row.session;
    let names = [&session.player_name, &session.assignee_id, &session.assignee_name];
    let names = names.into_iter().flatten().count() * NAME;
    OTHERS + names + session.tags.len() * TAG + row.last_message.json_bytes()
}
