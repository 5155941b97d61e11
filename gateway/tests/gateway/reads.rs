//! Reads that are abandoned, or wait for the database.

use std::{future::poll_fn, task::Poll};

use database::DatabaseSettings;
use diesel::sql_query;
use diesel_async::RunQueryDsl;
use gateway::{
    metrics::{HistoryRead, Metrics},
    reads::{HistoryReader, PoolSizes, ReadPools},
};
use prometheus_client::registry::Registry;
use test_support::{Database, eventually};

const RUNNING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND state = 'active' AND query LIKE '%pg_sleep%' AND query NOT LIKE '%activity%'";

/// Reads with one connection of each kind.
fn reader(settings: DatabaseSettings) -> HistoryReader {
    let sizes = PoolSizes { conversations: 1, inbox: 1 };
    let pools = ReadPools::new(&settings, sizes).unwrap();
    HistoryReader::new(pools, None, settings, Metrics::register(&mut Registry::default()))
}

async fn until_running(database: &Database, number: i64) {
    eventually(&format!("{number} queries run"), async || {
        (database.number(RUNNING).await == number).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn abandoned_read_leaves_no_running_query_and_no_connection() {
    let database = Database::create().await;
    let reads = reader(database.settings());
    let slow = reads.read(HistoryRead::Inbox, async |connection| {
        sql_query("SELECT pg_sleep(600)").execute(connection).await
    });
    let mut slow = Box::pin(slow);
    let running = until_running(&database, 1);
    let mut running = Box::pin(running);
    poll_fn(|cx| match slow.as_mut().poll(cx) {
        Poll::Ready(ended) => panic!("{ended:?}"),
        Poll::Pending => running.as_mut().poll(cx),
    })
    .await;
    drop(slow);
    let quick =
        reads.read(HistoryRead::Inbox, async |connection| database::probe(connection).await);
    quick.await.unwrap();
    until_running(&database, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_of_the_inbox_and_of_conversations_do_not_wait_for_each_other() {
    let database = Database::create().await;
    let reads = reader(database.settings());
    let probe = async |kind| {
        reads.read(kind, async |connection| database::probe(connection).await).await.unwrap();
    };
    let inbox = reads.read(HistoryRead::Inbox, async |_| {
        probe(HistoryRead::Conversation).await;
        Ok(())
    });
    inbox.await.unwrap();
    let conversation = reads.read(HistoryRead::Conversation, async |_| {
        probe(HistoryRead::Inbox).await;
        Ok(())
    });
    conversation.await.unwrap();
}
