//! Changes without an effect, which the session updates tell their authors.

use std::collections::BTreeMap;

use chat::SessionState;
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use super::{error::StoreError, plan::StaleChange, sessions};

/// Adds the ids of the `stale` changes to the session `updates`: each to the session that the
/// change names, if its conversation has that session, or else to the conversation's latest.
pub(super) async fn add_to_updates(
    connection: &mut AsyncPgConnection,
    updates: &mut BTreeMap<Uuid, SessionState>,
    stale: &[StaleChange],
) -> Result<(), StoreError> {
    let keys = stale.iter().flat_map(|change| {
        let ids = [change.session_id, change.latest].into_iter().flatten();
        ids.map(|id| (change.player_id.clone(), id))
    });
    let not_loaded: Vec<_> = keys.filter(|(_, id)| !updates.contains_key(id)).collect();
    let loaded = sessions::by_key(connection, &not_loaded).await?;
    let loaded: BTreeMap<_, _> = loaded.into_iter().map(|session| (session.id, session)).collect();
    for change in stale {
        let is_theirs = |id: &Uuid| {
            let session = updates.get(id).or_else(|| loaded.get(id));
            session.is_some_and(|session| session.player_id == change.player_id)
        };
        let Some(id) = change.session_id.filter(is_theirs).or(change.latest.filter(is_theirs))
        else {
            continue;
        };
        if let Some(session) = loaded.get(&id) {
            updates.entry(id).or_insert_with(|| session.clone());
        }
        if let Some(session) = updates.get_mut(&id) {
            session.staff.stale_change_ids.push(change.change_id);
        }
    }
    Ok(())
}
