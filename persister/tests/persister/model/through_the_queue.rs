//! Persists fewer cases through the queue and the worker.

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
    check,
    observed::{self, Published, rejected},
    rules::{self, Session},
};
use crate::support::system;

const REPLIES_CLAIM: &str = "--assign-on-reply=on";

#[test]
fn the_database_follows_the_rules_through_the_queue() {
    let runtime = Runtime::new().unwrap();
    let system = runtime.block_on(system());
    let reader = || runtime.block_on(observed::connect_with_long_timeout(&system.database));
    let readers = (reader(), reader());
    let readers = RefCell::new(readers);
    let config = same_cases();
    let config = ProptestConfig { cases: config.cases.div_ceil(16), ..config };
    let held = TestRunner::new(config).run(&cases(), |case| {
        let (reader, poller) = &mut *readers.borrow_mut();
        runtime.block_on(persist_through_the_queue(&case, &system, reader, poller))
    });
    held.unwrap_or_else(|failure| panic!("{failure}"));
}

async fn persist_through_the_queue(
    case: &Case,
    system: &System,
    reader: &mut AsyncPgConnection,
    poller: &mut AsyncPgConnection,
) -> TestCaseResult {
    let script = case.script();
    let persisting = async {
        run_persisters(case, &script.bodies, system).await;
        until_complete(&script, system, reader).await
    };
    let (published, seen) = observed::while_reading(poller, &script.players, persisting).await;
    check(&script, &published, &seen, reader).await
}

/// Runs the case's persisters on one half of the bodies and then on the other; one may be killed in
/// between.
async fn run_persisters(case: &Case, bodies: &[Body], system: &System) {
    let batches = format!("--batch-max-events={}", case.batch_max_events);
    let (before, after) = bodies.split_at(bodies.len() / 2);
    publish(before, system).await;
    let mut persisters = Vec::new();
    for _ in 0..case.persisters {
        persisters.push(system.persister_with(&[&batches, REPLIES_CLAIM]).ready().await);
    }
    if case.killed
        && let Some(persister) = persisters.pop()
    {
        persister.kill().await;
        persisters.push(system.persister_with(&[&batches, REPLIES_CLAIM]).ready().await);
    }
    publish(after, system).await;
    system.broker.wait_for_depth(&system.broker.names().queue(ConsumerKind::Persister), 0).await;
    for persister in persisters {
        persister.stop().await;
    }
}

async fn publish(bodies: &[Body], system: &System) {
    let mut connection = system.database.connect().await;
    for arriving in bodies {
        let mut events = arriving.events.clone();
        observed::fill_in_names(&mut connection, &mut events).await;
        system.broker.publish(&body(events)).await;
    }
}

/// Waits until everything is persisted and announced. RabbitMQ redelivers the batch of a killed
/// persister.
async fn until_complete(
    script: &Script,
    system: &System,
    reader: &mut AsyncPgConnection,
) -> Published {
    let mut published = Published::default();
    eventually("each event is persisted or rejected, and each session announced", async || {
        let persister = system.persister_with(&[REPLIES_CLAIM]).ready().await;
        let queue = system.broker.names().queue(ConsumerKind::Persister);
        system.broker.wait_for_depth(&queue, 0).await;
        persister.stop().await;
        read_published(&mut published, script, system).await;
        is_complete(script, &published, reader).await.then_some(())
    })
    .await;
    published
}

async fn is_complete(
    script: &Script,
    published: &Published,
    reader: &mut AsyncPgConnection,
) -> bool {
    let stored = observed::stored(reader, &script.players).await;
    let rejected = rules::rejected(&script.accepted, &stored);
    if stored.iter().map(id).collect::<BTreeSet<_>>() != script.ids()
        || !rejected.is_subset(&published.rejected)
    {
        return false;
    }
    for player in &script.players {
        let conversation = observed::conversation(reader, player, &[], published).await;
        let mut sessions = conversation.sessions.iter();
        let is_announced = |session: &Session| {
            session.announced == [(session.status, session.resolved_at, session.facts.clone())]
        };
        if !sessions.all(is_announced) {
            return false;
        }
    }
    true
}

/// Adds the events that were published since the last call for this case's players. A killed
/// persister of an earlier case may have left events that are published again.
async fn read_published(published: &mut Published, script: &Script, system: &System) {
    let concerns = |player: &str| script.players.iter().any(|known| known == player);
    for event in system.broker.drain_events(ConsumerKind::Broadcaster).await {
        match event {
            Event::SessionUpdated(session) if concerns(session.player_id.as_str()) => {
                published.sessions.push(*session);
            }
            Event::MessageRejected(message) if concerns(message.player_id.as_str()) => {
                published.rejected.insert(rejected(&message));
            }
            _ => {}
        }
    }
}
