//! The rules of sessions and of `seq`, held against what persisters make of any course of events.
//!
//! - [`case`]: what may happen.
//! - [`rules`]: what must become of it.
//! - [`directly`], [`through_the_queue`]: having it happen.
//! - [`observed`]: what became of it.

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
    case::{Script, id},
    observed::Said,
};

/// Whether all is as the rules say.
async fn judge(
    script: &Script,
    said: &Said,
    seen: &BTreeMap<String, Vec<i64>>,
    reader: &mut AsyncPgConnection,
) -> TestCaseResult {
    let kept = observed::kept(reader, &script.players).await;
    prop_assert_eq!(kept.iter().map(id).collect::<BTreeSet<_>>(), script.ids());
    for event in &kept {
        prop_assert!(script.accepted.contains(event), "nobody sent {:?}", event);
    }
    prop_assert_eq!(&said.rejected, &rules::rejected(&script.accepted, &kept));
    let unseen = observed::resolved_unseen(reader, &script.players).await;
    prop_assert_eq!(unseen, 0, "of {:?}", kept);
    let ineffective = observed::ineffective(reader, &script.players).await;
    let has_effect = |event: &&Event| match event {
        Event::StatusChange(change) => !ineffective.contains(&change.change_id),
        _ => true,
    };
    let effective: Vec<_> = kept.iter().filter(has_effect).cloned().collect();
    for player in &script.players {
        let observed = observed::conversation(reader, player, &seen[player], said).await;
        prop_assert_eq!(observed, rules::conversation(player, &effective), "of {:?}", effective);
    }
    Ok(())
}
