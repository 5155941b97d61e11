//! Persists many cases directly, without a queue.

use std::{cell::RefCell, collections::VecDeque};

use diesel_async::AsyncPgConnection;
use futures_util::future::join_all;
use persister::{
    staff_facts::RepliesClaim,
    store::{self, Attempt},
};
use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestCaseResult, TestRunner},
};
use test_support::{Database, hostile::same_cases};
use tokio::runtime::Runtime;

use super::{
    case::{Body, Case, cases, id, unnamed},
    check,
    observed::{self, Published, rejected},
};

#[test]
fn the_database_follows_the_rules_for_any_course_of_events() {
    let runtime = Runtime::new().unwrap();
    let connections = runtime.block_on(async {
        let database = Database::create().await;
        join_all((0..4).map(|_| observed::connect_with_long_timeout(&database))).await
    });
    let connections = RefCell::new(connections);
    let held = TestRunner::new(same_cases()).run(&cases(), |case| {
        let mut connections = connections.borrow_mut();
        let (reader, persisters) = connections.split_first_mut().unwrap();
        let persisters = &mut persisters[..case.persisters];
        runtime.block_on(persist_directly(&case, persisters, reader))
    });
    held.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Writes the case's bodies through the connections `persisters`, each of which takes the next
/// body.
async fn persist_directly(
    case: &Case,
    persisters: &mut [AsyncPgConnection],
    reader: &mut AsyncPgConnection,
) -> TestCaseResult {
    let script = case.script();
    let alone = persisters.len() == 1;
    let bodies = RefCell::new(script.bodies.clone().into());
    let persisting =
        join_all(persisters.iter_mut().map(|persister| persist_next(persister, &bodies)));
    let (outcomes, seen) = observed::while_reading(reader, &script.players, persisting).await;
    let mut published = Published::default();
    for outcome in outcomes {
        let outcome = outcome?;
        published.sessions.extend(outcome.sessions);
        published.rejected.extend(outcome.rejected);
    }
    if alone {
        let stored = observed::stored(reader, &script.players).await;
        let mut stored: Vec<_> = stored.into_iter().map(unnamed).collect();
        stored.sort_by_key(id);
        let mut first = script.first_to_arrive();
        first.sort_by_key(id);
        prop_assert_eq!(stored, first);
    }
    check(&script, &published, &seen, reader).await
}

/// Persists bodies as a worker does, until none is left.
async fn persist_next(
    persister: &mut AsyncPgConnection,
    bodies: &RefCell<VecDeque<Body>>,
) -> Result<Published, TestCaseError> {
    let next = || bodies.borrow_mut().pop_front();
    let mut published = Published::default();
    while let Some(mut body) = next() {
        observed::fill_in_names(persister, &mut body.events).await;
        let attempt = Attempt::default().with_replies(RepliesClaim::Yes);
        let outcome = store::persist(persister, &body.events, &attempt).await;
        let outcome = outcome.map_err(|error| TestCaseError::fail(error.to_string()))?;
        if body.dies {
            bodies.borrow_mut().push_back(Body { dies: false, ..body });
        } else {
            published.sessions.extend(outcome.session_updates);
            published.rejected.extend(outcome.rejected.iter().map(rejected));
        }
    }
    Ok(published)
}
