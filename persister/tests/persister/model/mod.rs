//! Model tests: for any course of events, the database must follow the rules of sessions and of
//! `seq`.
//!
//! - [`case`]: generates courses of events.
//! - [`rules`]: the expected result.
//! - [`directly`], [`through_the_queue`]: persist a case.
//! - [`observed`]: reads the actual result.

mod case;
mod directly;
mod observed;
mod rules;
mod through_the_queue;

use std::collections::{BTreeMap, BTreeSet};

use chat::event::Event;
use diesel_async::AsyncPgConnection;
use proptest::{prelude::*, test_runner::TestCaseResult};

use self::{
    case::{Script, id, unnamed},
    observed::Published,
};

/// Compares the actual result with the rules.
async fn check(
    script: &Script,
    published: &Published,
    seen: &BTreeMap<String, Vec<i64>>,
    reader: &mut AsyncPgConnection,
) -> TestCaseResult {
    let stored = observed::stored(reader, &script.players).await;
    prop_assert_eq!(stored.iter().map(id).collect::<BTreeSet<_>>(), script.ids());
    for event in &stored {
        let event = unnamed(event.clone());
        prop_assert!(script.accepted.contains(&event), "not an accepted event: {:?}", event);
    }
    prop_assert_eq!(&published.rejected, &rules::rejected(&script.accepted, &stored));
    let unseen = observed::resolved_unseen(reader, &script.players).await;
    prop_assert_eq!(unseen, 0, "of {:?}", stored);
    let ineffective = observed::ineffective(reader, &script.players).await;
    let has_effect = |event: &&Event| match event {
        Event::StatusChange(change) => {
            !ineffective.contains(&(change.player_id.as_str().to_owned(), change.change_id))
        }
        _ => true,
    };
    let effective: Vec<_> = stored.iter().filter(has_effect).cloned().collect();
    for player in &script.players {
        let observed = observed::conversation(reader, player, &seen[player], published).await;
        let given = observed::given(reader, player).await;
        let expected = rules::conversation(player, &effective, &given);
        prop_assert_eq!(observed, expected, "of {:?}", effective);
    }
    Ok(())
}
