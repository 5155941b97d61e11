//! Gateways with wrong clocks.

use chat::RequestedStatus;
use chrono::TimeDelta;
use test_support::{body, eventually, message, status_change};

use crate::support::{change, event, publish_each, sessions, system, until_persisted};

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_gateway_an_hour_ahead_get_the_databases_time() {
    let system = system().await;
    let persister = system.persister().await;
    let hour = TimeDelta::hours(1);
    let mut hello = message("p1", "hello");
    hello.accepted_at += hour;
    let mut resolved = status_change("p1", RequestedStatus::Resolved, 0);
    resolved.accepted_at = hello.accepted_at + TimeDelta::seconds(1);
    system.broker.publish(&body([change(&resolved), event(&hello)])).await;
    until_persisted(&system, 1).await;
    assert_eq!(sessions(&system).await, ["resolved:1"], "the order of acceptance is kept");

    publish_each(&system, [event(&message("p1", "anyone?"))]).await;
    until_persisted(&system, 2).await;
    assert_eq!(sessions(&system).await, ["resolved:1", "pending:1"]);
    let later = "SELECT count(*) FROM chat_messages WHERE accepted_at > clock_timestamp()";
    assert_eq!(system.database.number(later).await, 0);
    let later = later.replace("chat_messages", "chat_status_changes");
    assert_eq!(system.database.number(&later).await, 0);

    // A redelivery changes nothing and is not counted again.
    publish_each(&system, [event(&hello)]).await;
    let api = persister.api();
    eventually("the redelivery is a duplicate", async || {
        (api.metric("chat_persister_duplicates_total").await == 1).then_some(())
    })
    .await;
    assert_eq!(api.metric("chat_persister_ahead_of_clock_total").await, 2);
    persister.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_gateway_a_few_seconds_ahead_keep_their_times() {
    let system = system().await;
    let mut hello = message("p1", "hello");
    hello.accepted_at = chat::now() + TimeDelta::seconds(8);
    publish_each(&system, [event(&hello)]).await;
    system.work_off(1).await;
    let kept = format!(
        "SELECT count(*) FROM chat_messages WHERE accepted_at = '{}'",
        hello.accepted_at.to_rfc3339()
    );
    assert_eq!(system.database.number(&kept).await, 1);
}
