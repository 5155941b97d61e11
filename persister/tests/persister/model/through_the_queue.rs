//! The same the whole way, which costs so much more that there are fewer cases.

use std::{cell::RefCell, collections::BTreeSet};

use broker::ConsumerKind;
use chat::event::Event;
use diesel_async::AsyncPgConnection;
use proptest::{
    prelude::*,
    test_runner::{TestCaseResult, TestRunner},
};
use test_support::{System, body, eventually, hostile::same_cases};
use tokio::runtime::Runtime;

use super::{
    case::{Body, Case, Script, cases, id},
    judge,
    observed::{self, Said, rejected},
    rules,
};
use crate::support::system;

#[test]
fn whatever_happens_on_the_way_the_database_is_as_the_rules_say() {
    let runtime = Runtime::new().unwrap();
    let system = runtime.block_on(system());
    let reader = || runtime.block_on(observed::connect_patiently(&system.database));
    let readers = (reader(), reader());
    let readers = RefCell::new(readers);
    let config = same_cases();
    let config = ProptestConfig { cases: config.cases.div_ceil(32), ..config };
    let held = TestRunner::new(config).run(&cases(), |case| {
        let (reader, follower) = &mut *readers.borrow_mut();
        runtime.block_on(persist_through_the_queue(&case, &system, reader, follower))
    });
    held.unwrap_or_else(|failure| panic!("{failure}"));
}

async fn persist_through_the_queue(
    case: &Case,
    system: &System,
    reader: &mut AsyncPgConnection,
    follower: &mut AsyncPgConnection,
) -> TestCaseResult {
    let script = case.script();
    let persisting = async {
        run_persisters(case, &script.bodies, system).await;
        until_settled(&script, system, reader).await
    };
    let (said, seen) = observed::following(follower, &script.players, persisting).await;
    judge(&script, &said, &seen, reader).await
}

/// Has the case's persisters take one half of the bodies off the queue and then the other, one of
/// them being killed in between.
async fn run_persisters(case: &Case, bodies: &[Body], system: &System) {
    let batches = format!("--batch-max-events={}", case.batch_max_events);
    let (before, after) = bodies.split_at(bodies.len() / 2);
    publish(before, system).await;
    let mut persisters = Vec::new();
    for _ in 0..case.persisters {
        persisters.push(system.persister_with(&[&batches]).ready().await);
    }
    if case.killed
        && let Some(persister) = persisters.pop()
    {
        persister.kill().await;
        persisters.push(system.persister_with(&[&batches]).ready().await);
    }
    publish(after, system).await;
    system.broker.wait_for_depth(&system.broker.names().queue(ConsumerKind::Persister), 0).await;
    for persister in persisters {
        persister.stop().await;
    }
}

async fn publish(bodies: &[Body], system: &System) {
    let mut connection = system.database.connect().await;
    for it in bodies {
        let mut events = it.events.clone();
        observed::name_what_is_there(&mut connection, &mut events).await;
        system.broker.publish(&body(events)).await;
    }
}

/// Waits until nothing is left to be done. What a persister held that was killed comes back when
/// RabbitMQ has noticed.
async fn until_settled(script: &Script, system: &System, reader: &mut AsyncPgConnection) -> Said {
    let mut said = Said::default();
    eventually("each event is persisted or rejected, and each session announced", async || {
        system.work_off(1).await;
        listen(&mut said, script, system).await;
        is_settled(script, &said, reader).await.then_some(())
    })
    .await;
    said
}

async fn is_settled(script: &Script, said: &Said, reader: &mut AsyncPgConnection) -> bool {
    let kept = observed::kept(reader, &script.players).await;
    let rejected = rules::rejected(&script.accepted, &kept);
    if kept.iter().map(id).collect::<BTreeSet<_>>() != script.ids()
        || !rejected.is_subset(&said.rejected)
    {
        return false;
    }
    for player in &script.players {
        let conversation = observed::conversation(reader, player, &[], said).await;
        let mut sessions = conversation.sessions.iter();
        if !sessions.all(|it| it.announced == [(it.status, it.resolved_at)]) {
            return false;
        }
    }
    true
}

/// Takes in what the persisters have said since the last time about this case's players: an earlier
/// case's killed persister may have left something to be said again.
async fn listen(said: &mut Said, script: &Script, system: &System) {
    let concerns = |player: &str| script.players.iter().any(|it| it == player);
    for event in system.broker.drain_events(ConsumerKind::Broadcaster).await {
        match event {
            Event::SessionUpdated(session) if concerns(session.player_id.as_str()) => {
                said.announced.push(session);
            }
            Event::MessageRejected(message) if concerns(message.player_id.as_str()) => {
                said.rejected.insert(rejected(&message));
            }
            _ => {}
        }
    }
}
