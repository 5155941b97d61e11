//! Changes that have no effect, and how their authors receive that.

use std::collections::BTreeMap;

use chat::SessionState;
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use super::{StoreError, sessions};

/// A change of the conversation of `player_id` that has no effect.
pub(super) struct StaleChange {
    pub change_id: Uuid,
    pub player_id: String,
    /// The session that it names, or that it resolved until now.
    pub session_id: Option<Uuid>,
    /// The conversation's latest session.
    pub latest: Option<Uuid>,
    /// Whether its row does not say yet that it has no effect.
    pub is_new: bool,
}

/// Adds the ids of the `stale` changes to the sessions that are announced: each to the session that it
/// names, where the conversation has such a session, or else to the conversation's latest.
pub(super) async fn announce(
    connection: &mut AsyncPgConnection,
    news: &mut BTreeMap<Uuid, SessionState>,
    stale: &[StaleChange],
) -> Result<(), StoreError> {
    let ids = stale.iter().flat_map(|change| [change.session_id, change.latest]).flatten();
    let unread: Vec<_> = ids.filter(|id| !news.contains_key(id)).collect();
    let read = sessions::by_id(connection, &unread).await?;
    let read: BTreeMap<_, _> = read.into_iter().map(|session| (session.id, session)).collect();
    for change in stale {
        let is_theirs = |id: &Uuid| {
            let session = news.get(id).or_else(|| read.get(id));
            session.is_some_and(|session| session.player_id.as_str() == change.player_id)
        };
        let Some(id) = change.session_id.filter(is_theirs).or(change.latest.filter(is_theirs))
        else {
            continue;
        };
        if let Some(session) = read.get(&id) {
            news.entry(id).or_insert_with(|| session.clone());
        }
        if let Some(session) = news.get_mut(&id) {
            session.staff.stale_change_ids.push(change.change_id);
        }
    }
    Ok(())
}
