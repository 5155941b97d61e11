//! What is done here is done to the database alone, so that there can be many cases.

use std::{cell::RefCell, collections::VecDeque};

use diesel_async::AsyncPgConnection;
use futures_util::future::join_all;
use persister::store::{self, Attempt, StoreError};
use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestCaseResult, TestRunner},
};
use test_support::{Database, hostile::same_cases};
use tokio::runtime::Runtime;

use super::{
    case::{Body, Case, cases, id},
    judge,
    observed::{self, Said, rejected},
};

#[test]
fn whatever_happens_the_database_is_as_the_rules_say() {
    let runtime = Runtime::new().unwrap();
    let connections = runtime.block_on(async {
        let database = Database::create().await;
        join_all((0..4).map(|_| observed::connect_patiently(&database))).await
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

/// Has the case's bodies written by as many persisters as there are connections for, each the next
/// that nobody has.
async fn persist_directly(
    case: &Case,
    persisters: &mut [AsyncPgConnection],
    reader: &mut AsyncPgConnection,
) -> TestCaseResult {
    let script = case.script();
    let alone = persisters.len() == 1;
    let bodies = RefCell::new(script.bodies.clone().into());
    let persisting = join_all(persisters.iter_mut().map(|it| persist_next(it, &bodies)));
    let (all_said, seen) = observed::following(reader, &script.players, persisting).await;
    let mut said = Said::default();
    for one_said in all_said {
        let one_said = one_said?;
        said.announced.extend(one_said.announced);
        said.rejected.extend(one_said.rejected);
    }
    if alone {
        let mut kept = observed::kept(reader, &script.players).await;
        kept.sort_by_key(id);
        let mut first = script.first_to_arrive();
        first.sort_by_key(id);
        prop_assert_eq!(kept, first);
    }
    judge(&script, &said, &seen, reader).await
}

/// Does as a persister's worker does, until there are no more bodies.
async fn persist_next(
    persister: &mut AsyncPgConnection,
    bodies: &RefCell<VecDeque<Body>>,
) -> Result<Said, TestCaseError> {
    let next = || bodies.borrow_mut().pop_front();
    let mut said = Said::default();
    while let Some(mut body) = next() {
        observed::name_what_is_there(persister, &mut body.events).await;
        let outcome = loop {
            match store::persist(persister, &body.events, &Attempt::default()).await {
                Err(StoreError::Raced) => {}
                outcome => break outcome,
            }
        };
        let outcome = outcome.map_err(|error| TestCaseError::fail(error.to_string()))?;
        if body.dies {
            bodies.borrow_mut().push_back(Body { dies: false, ..body });
        } else {
            said.announced.extend(outcome.session_updates);
            said.rejected.extend(outcome.rejected.iter().map(rejected));
        }
    }
    Ok(said)
}
