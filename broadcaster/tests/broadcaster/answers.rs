//! How each response of Pusher affects the message of its call.

use std::collections::BTreeSet;

use test_support::{body, eventually};

use crate::support::{all_acknowledged, dead_letters, event, system};
use test_support::fake_pusher::{Answer, FakePusher, rejecting};

/// The effect of a response on a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The message counts as broadcast.
    Acknowledged,
    /// The message is sent again until the response is another.
    Retried,
    /// The message becomes a dead letter, since Pusher accepts others meanwhile.
    DeadLettered,
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";
const HTML: &str = "text/html; charset=utf-8";

/// Each class of status with each kind of body.
fn table(elsewhere: &str) -> Vec<(Answer, Fate)> {
    use Fate::{Acknowledged, DeadLettered, Retried};
    let page = "<!doctype html><title>Welcome</title>";
    let mut table: Vec<_> = [
        ("200 OK", JSON, "{}", Acknowledged),
        ("200 OK", JSON, r#"{"batch":[{},{"user_count":1}]}"#, Acknowledged),
        ("200 OK", TEXT, " {\"ok\":true}\n", Acknowledged),
        ("200 OK", JSON, "", Retried),
        ("200 OK", TEXT, "OK", Retried),
        ("200 OK", HTML, page, Retried),
        ("200 OK", JSON, "[]", Retried),
        ("200 OK", JSON, "[{}]", Retried),
        ("200 OK", JSON, "1", Retried),
        ("200 OK", JSON, r#""{}""#, Retried),
        ("200 OK", JSON, "null", Retried),
        ("200 OK", JSON, "true", Retried),
        ("200 OK", JSON, r#"{"batch":["#, Retried),
        ("200 OK", JSON, "{} {}", Retried),
        ("201 Created", JSON, "{}", Retried),
        ("202 Accepted", JSON, "{}", Retried),
        ("203 Non-Authoritative Information", JSON, "{}", Retried),
        ("204 No Content", JSON, "", Retried),
        ("206 Partial Content", JSON, "{}", Retried),
        ("304 Not Modified", JSON, "", Retried),
        ("400 Bad Request", TEXT, "The channel is none", DeadLettered),
        ("400 Bad Request", JSON, r#"{"error":"the channel is none"}"#, DeadLettered),
        ("400 Bad Request", TEXT, "", DeadLettered),
        ("400 Bad Request", HTML, page, Retried),
        ("400 Bad Request", TEXT, page, Retried),
        ("413 Payload Too Large", TEXT, "The data is too large", DeadLettered),
        ("413 Payload Too Large", HTML, page, Retried),
        ("401 Unauthorized", TEXT, "Unknown auth_key", Retried),
        ("403 Forbidden", TEXT, "Over quota", Retried),
        ("404 Not Found", JSON, "{}", Retried),
        ("405 Method Not Allowed", HTML, page, Retried),
        ("408 Request Timeout", TEXT, "", Retried),
        ("422 Unprocessable Content", JSON, "{}", Retried),
        ("429 Too Many Requests", TEXT, "", Retried),
        ("500 Internal Server Error", JSON, "{}", Retried),
        ("502 Bad Gateway", HTML, page, Retried),
        ("503 Service Unavailable", JSON, "{}", Retried),
    ]
    .into_iter()
    .map(|(status, content_type, body, fate)| (Answer::of(status, content_type, body), fate))
    .collect();
    let redirects = [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ];
    for status in redirects {
        for location in ["/", &format!("http://{elsewhere}/")] {
            let location = format!("location: {location}");
            table.push((Answer::with_header(status, &location, "{}"), Retried));
        }
    }
    for status in ["200 OK", "400 Bad Request", "500 Internal Server Error"] {
        table.push((Answer::truncated(status, "{}"), Retried));
        table.push((Answer::endless(status), Retried));
    }
    table
}

/// Each row of the table is the response to one message's calls, and all messages are in flight at once: the
/// accepted ones prove that the rejections are Pusher's.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_acknowledged_or_dead_lettered_only_by_pushers_own_response() {
    let system = system().await;
    let elsewhere = FakePusher::start(|_| Answer::accepted()).await;
    let rows = table(&elsewhere.addr.to_string());
    let count = |fate| rows.iter().filter(|row| row.1 == fate).count();
    let (all, dead_lettered) = (rows.len(), count(Fate::DeadLettered));
    assert!(all < 64, "more than the prefetch");
    let answers: Vec<_> = rows.iter().map(|(answer, _)| answer.clone()).collect();
    let pusher = FakePusher::start(move |call| match row(call) {
        Some(row) => answers[row].clone(),
        None => Answer::accepted(),
    })
    .await;
    // No message waits for another's call, and no call times out.
    let settings = ["--broadcast-concurrency=1000", "--pusher-timeout=60m"];
    let broadcaster = pusher.broadcaster(&system, &settings).await;
    for row in 0..all {
        system.broker.publish(&body([event("p1", &format!("row-{row};"))])).await;
    }
    eventually("each response has had its effect", async || {
        let calls = pusher.calls();
        let times = |number| calls.iter().filter(|call| row(call) == Some(number)).count();
        let repeated = rows.iter().enumerate().all(|(number, (_, fate))| match fate {
            Fate::Retried => times(number) >= 2,
            Fate::Acknowledged | Fate::DeadLettered => true,
        });
        (repeated && dead_letters(&system).await == u32::try_from(dead_lettered).ok()).then_some(())
    })
    .await;
    let broadcast = broadcaster.api().metric("chat_broadcaster_broadcast_total").await;
    assert_eq!(broadcast, 2 * count(Fate::Acknowledged) as u64);
    assert_eq!(broadcaster.api().get("/health/ready").await.json["dependencies"]["pusher"], "down");

    let before = pusher.calls().len();
    pusher.set_rule(|_| Answer::accepted());
    let retried: BTreeSet<_> = (0..all).filter(|number| rows[*number].1 == Fate::Retried).collect();
    eventually("the retried messages are broadcast", async || {
        let calls = pusher.calls();
        let accepted: BTreeSet<_> = calls[before..].iter().filter_map(|call| row(call)).collect();
        accepted.is_superset(&retried).then_some(())
    })
    .await;
    broadcaster.stop().await;
    assert_eq!(dead_letters(&system).await, u32::try_from(dead_lettered).ok());
    all_acknowledged(&system).await;
    assert_eq!(elsewhere.calls(), Vec::<String>::new(), "a redirect was followed");
}

/// The number of the row whose message the call carries.
fn row(call: &str) -> Option<usize> {
    let (_, rest) = call.split_once("row-")?;
    rest.split_once(';')?.0.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_message_alone_is_dead_lettered_after_pusher_accepts_a_probe() {
    let system = system().await;
    let pusher = FakePusher::start(rejecting(&["poison"])).await;
    let broadcaster = pusher.broadcaster(&system, &[]).await;
    system.broker.publish(&body([event("p1", "poison")])).await;
    eventually("it is a dead letter", async || {
        (dead_letters(&system).await == Some(1)).then_some(())
    })
    .await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_message_waits_while_probes_are_rejected_and_delays_no_other() {
    let system = system().await;
    let pusher = FakePusher::start(rejecting(&["poison", "broadcaster-probe"])).await;
    let broadcaster = pusher.broadcaster(&system, &["--broadcast-concurrency=1"]).await;
    system.broker.publish(&body([event("p1", "poison")])).await;
    eventually("it is retried", async || {
        let calls = pusher.calls();
        (calls.iter().filter(|call| call.contains("probe")).count() >= 2).then_some(())
    })
    .await;
    assert_eq!(dead_letters(&system).await, Some(0));
    system.broker.publish(&body([event("p2", "hello")])).await;
    eventually("it is a dead letter once the other message is broadcast", async || {
        let broadcast = broadcaster.api().metric("chat_broadcaster_broadcast_total").await;
        (broadcast == 2 && dead_letters(&system).await == Some(1)).then_some(())
    })
    .await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}
