//! `GET /api/unified-chat/conversations/{playerId}`

use std::fmt;

use actix_web::{HttpRequest, HttpResponse, web};
use chat::{PlayerId, SenderType};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Unexpected, Visitor},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    answers::Readers,
    audit::ReadAudit,
    auth::Caller,
    http::{Parameters, PathPlayer, Problem, ProblemBody},
    input::NewPlayerId,
    labels::HistoryRead,
    reads::{self, Conversation, HistoryMessage, HistoryReader, MessageCursor, Page, Session},
};

/// Which part of a conversation is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryParameters {
    /// How many messages at most. A page has fewer where so many would be more than 256 KiB
    #[serde(default)]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 200, default = 50)]
    limit: PageLimit,
    /// Messages before this place: the `nextCursor` of a newer page. Not looked at beside `after`
    #[param(value_type = Option<String>, pattern = r"^[0-9]{1,17}:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")]
    before: Option<MessageCursor>,
    /// Messages with a higher `seq`: the `lastSeq` of the answer before, a number. Ask again, with `lastSeq` of
    /// each answer, while `nextCursor` is not null
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Option<Seq>,
}

/// How many a page holds at most: 1 to 200.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "i64")]
pub struct PageLimit(i64);

impl PageLimit {
    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<i64> for PageLimit {
    type Error = &'static str;

    fn try_from(limit: i64) -> Result<Self, Self::Error> {
        if (1..=200).contains(&limit) { Ok(Self(limit)) } else { Err("must be 1 to 200") }
    }
}

/// A `seq` that a client has seen, or 0 for none.
#[derive(Clone, Copy, Debug)]
pub struct Seq(i64);

impl Seq {
    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Seq {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_i64(SeqVisitor)
    }
}

/// Reads a number of 0 or more. In JSON 5.0 is a whole number, as 5 is.
struct SeqVisitor;

impl Visitor<'_> for SeqVisitor {
    type Value = Seq;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number")
    }

    fn visit_i64<E: de::Error>(self, seq: i64) -> Result<Seq, E> {
        if seq >= 0 { Ok(Seq(seq)) } else { Err(E::custom("must not be negative")) }
    }

    fn visit_u64<E: de::Error>(self, seq: u64) -> Result<Seq, E> {
        i64::try_from(seq).map(Seq).map_err(|_| E::custom("is too large"))
    }

    fn visit_f64<E: de::Error>(self, seq: f64) -> Result<Seq, E> {
        if seq.fract() != 0.0 || seq.abs() >= i64::MAX as f64 {
            return Err(E::invalid_type(Unexpected::Float(seq), &self));
        }
        self.visit_i64(seq as i64)
    }
}

/// A page of a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// Whose conversation it is.
    #[schema(value_type = NewPlayerId)]
    player_id: PlayerId,
    /// The latest session, whatever its status; null before the first message.
    #[schema(required = true)]
    session: Option<Session>,
    /// The oldest first.
    messages: Vec<HistoryMessage>,
    /// Null when this was the last page. Otherwise there is more in the same direction: ask for it with this
    /// as `before` when this page was asked for with `before` or with neither, and with `lastSeq` as
    /// `after` when it was asked for with `after`.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// What to ask for with `after`, to get what was not there yet. Take it from the newest
    /// page and from pages asked for with `after`. That of a page asked for with `before` says how
    /// far the conversation goes by now, which the client may not have seen.
    last_seq: i64,
}

/// Reads a conversation
///
/// The newest page without `before` and `after`, older pages with `before`, and with `after` what a
/// client has missed, which is complete however long it was away, as far as it is not archived. A
/// player who never wrote has an empty conversation.
#[utoipa::path(
    get,
    path = "/api/unified-chat/conversations/{playerId}",
    tag = "conversations",
    security(("token" = [])),
    params(("playerId" = NewPlayerId, Path, description = "Whose conversation"), HistoryParameters),
    responses(
        (status = 200, description = "A page", body = History),
        (status = 400, description = "A parameter is not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The token is missing, or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The caller may not do this", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many calls", body = ProblemBody, content_type = "application/problem+json", headers(("Retry-After" = u32, description = "Seconds to wait"))),
        (status = 503, description = "The database cannot be asked, or too much is asked at once", body = ProblemBody, content_type = "application/problem+json", headers(("Retry-After" = u32, description = "Seconds to wait"))),
    )
)]
pub async fn conversation(
    request: HttpRequest,
    caller: Caller,
    player: PathPlayer,
    parameters: Parameters<HistoryParameters>,
    reads: web::Data<HistoryReader>,
    readers: web::Data<Readers>,
    audit: web::Data<ReadAudit>,
) -> Result<HttpResponse, Problem> {
    caller.authorize_read(&player.0)?;
    let (page, limit) = (parameters.0.page(), parameters.0.limit.get());
    let memory = readers.admit(&caller, &request, limit).await?;
    let found = reads
        .read(HistoryRead::Conversation, async |connection| {
            reads::conversation(connection, &player.0, page, limit).await
        })
        .await
        .map_err(|_| Problem::HistoryUnavailable)?;
    audit.record(&caller, &player.0);
    Ok(memory.json(&History::new(player.0, page, found).shown_to(&caller)))
}

impl HistoryParameters {
    fn page(&self) -> Page {
        match (self.after, self.before) {
            (Some(Seq(seq)), _) => Page::After(seq),
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
            last_seq: found.last_seq,
        }
    }

    /// The page as `caller` may see it: a player gets the names of staff and not their ids, and does not see
    /// who of them acted on the session.
    fn shown_to(mut self, caller: &Caller) -> Self {
        if !matches!(caller, Caller::Player { .. }) {
            return self;
        }
        if let Some(session) = &mut self.session {
            (session.actor_id, session.actor_name) = (None, None);
        }
        let staff = SenderType::Staff.as_str();
        for message in self.messages.iter_mut().filter(|message| message.sender_type == staff) {
            message.sender_id = None;
        }
        self
    }
}
