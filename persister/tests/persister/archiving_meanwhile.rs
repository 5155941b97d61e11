//! Archiving while messages are persisted.

use std::collections::BTreeSet;

use broker::ConsumerKind;
use chat::Message;
use test_support::{body, message};
use uuid::Uuid;

use crate::{
    archiving::{LONG_AGO, count_dead_letters, player_message, resolved},
    support::{event, publish_together, system},
};

#[tokio::test(flavor = "multi_thread")]
async fn archiving_beside_persisters_loses_and_duplicates_nothing() {
    let system = system().await;
    let players: Vec<_> = (0..20).map(|number| format!("p{number}")).collect();
    let old: Vec<_> = players
        .iter()
        .flat_map(|player| (1..=120).map(move |at| player_message(player, "old", at)))
        .collect();
    publish_together(&system, old.iter().map(event)).await;
    system.broker.publish(&body(players.iter().map(|player| resolved(player, 1_000)))).await;
    system.work_off(1).await;

    let late: Vec<_> = players.iter().map(|player| player_message(player, "late", 500)).collect();
    let new: Vec<_> =
        (0..10).flat_map(|_| players.iter().map(|player| message(player, "new"))).collect();
    let persisters = [system.persister().await, system.persister().await];
    let writing = async {
        for (number, new) in new.chunks(20).enumerate() {
            let resent = old.iter().skip(number * 240).take(240);
            let resent =
                resent.map(|message| Message { accepted_at: chat::now(), ..message.clone() });
            let resent: Vec<_> = resent.collect();
            let late = late.iter().skip(number * 2).take(2);
            system.broker.publish(&body(new.iter().chain(late).chain(&resent).map(event))).await;
        }
    };
    let archiving = async {
        let mut archived = Vec::new();
        for _ in 0..10 {
            archived.extend(system.archive(LONG_AGO).await);
        }
        archived
    };
    let ((), mut archived) = tokio::join!(writing, archiving);
    system.broker.wait_for_depth(&system.broker.names().queue(ConsumerKind::Persister), 0).await;
    for persister in persisters {
        persister.stop().await;
    }
    system.work_off(1).await;
    archived.extend(system.archive(LONG_AGO).await);

    let ids = |messages: &[Message]| {
        messages.iter().map(|message| message.message_id).collect::<BTreeSet<_>>()
    };
    let mut all: Vec<_> = archived.iter().map(|line| line.message.message_id).collect();
    assert!(ids(&old).is_subset(&all.iter().copied().collect()), "all old messages are archived");
    let kept = system.database.texts("SELECT id::text AS text FROM chat_messages").await;
    all.extend(kept.iter().map(|id| Uuid::try_parse(id).unwrap()));
    assert_eq!(all.len(), old.len() + late.len() + new.len(), "each message once");
    let sent = &(&ids(&old) | &ids(&late)) | &ids(&new);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), sent);
    assert_eq!(count_dead_letters(&system).await, Some(0));
    let gaps = "SELECT count(*) FROM (
                    SELECT 1 FROM chat_messages JOIN chat_conversations USING (player_id)
                GROUP BY player_id, last_seq HAVING max(seq) - min(seq) + 1 <> count(*)
                    OR max(seq) <> last_seq) AS with_gaps";
    assert_eq!(system.database.number(gaps).await, 0);
}
