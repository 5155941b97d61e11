//! What a collector of spans is told of a message.

use ::broker::ConsumerKind;
use serde_json::{Value, json};
use test_support::{Api, CollectedSpan, Collector, Running, System, eventually};
use tokio::net::TcpListener;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// The services of `system` with such settings.
async fn traced(system: &System, settings: &[&str]) -> [Running; 3] {
    [
        system.gateway_with(settings).ready().await,
        system.persister_with(settings).ready().await,
        system.broadcaster_with(settings).ready().await,
    ]
}

/// Sends a message as part of the trace that `traceparent` says, and says the message's id.
async fn send(api: &Api, traceparent: Option<&str>) -> String {
    let message = json!({ "playerId": "p1", "senderType": "player", "content": "hello" });
    let answer = match traceparent {
        Some(trace) => api.with_header("traceparent", trace).send(&message).await,
        None => api.send(&message).await,
    };
    assert_eq!(answer.status, 202);
    answer.json["messageId"].as_str().unwrap().to_owned()
}

/// Waits until the messages are persisted and broadcast, and stops the services, which tells the rest.
async fn finish(system: &System, services: [Running; 3], messages: i64) {
    eventually("all is persisted and broadcast", async || {
        let persisted = system.database.number("SELECT count(*) FROM chat_messages").await;
        let broadcast = system.pusher.accepted().await["events"].as_i64();
        // Two of each message, and two of each session that was opened.
        (persisted == messages && broadcast >= Some(2 * messages + 2)).then_some(())
    })
    .await;
    for service in services {
        service.stop().await;
    }
}

fn of<'a>(spans: &'a [CollectedSpan], service: &str, name: &str) -> Vec<&'a CollectedSpan> {
    spans.iter().filter(|span| span.service == service && span.name == name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_one_trace_from_its_caller_to_its_row_and_to_pusher() {
    let (system, collector) = (System::new().await, Collector::start());
    // Batches and calls are recorded all the same, since what they are about is.
    let if_the_caller_does = "--traces-sampler=parentbased_always_off";
    let services = traced(&system, &[&collector.told(), if_the_caller_does]).await;
    let id = send(&services[0].api(), Some(&format!("00-{TRACE}-{CALLER}-01"))).await;
    finish(&system, services, 1).await;

    let spans = collector.spans();
    let [sent] = of(&spans, "gateway", "send")[..] else { panic!("{spans:#?}") };
    assert_eq!((&*sent.trace, &*sent.parent), (TRACE, CALLER));
    for (service, part, whole) in
        [("persister", "persist", "persist batch"), ("broadcaster", "broadcast", "call Pusher")]
    {
        let [part] = of(&spans, service, part)[..] else { panic!("{spans:#?}") };
        assert_eq!((&*part.trace, &part.parent), (TRACE, &sent.id), "{service}");
        assert_eq!(part.message_id.as_ref(), Some(&id), "{service}");
        let [whole] = of(&spans, service, whole)[..] else { panic!("{spans:#?}") };
        assert_eq!(whole.links, [&*sent.id], "{service}");
        assert_eq!(part.links, [&*whole.id], "{service}");
        assert_ne!(whole.trace, TRACE, "{service}");
    }
    assert!(spans.iter().all(|span| !span.failed), "{spans:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_caller_takes_part_in_no_trace_begins_one() {
    let (system, collector) = (System::new().await, Collector::start());
    let services = traced(&system, &[&collector.told()]).await;
    let api = services[0].api();
    let mut ids = vec![send(&api, None).await];
    // The standard tells to ignore it.
    ids.push(send(&api, Some(&format!("ff-{TRACE}-{CALLER}-01"))).await);
    finish(&system, services, 2).await;

    let spans = collector.spans();
    for id in ids {
        let of_message = spans.iter().filter(|span| span.message_id.as_ref() == Some(&id));
        let mut services: Vec<_> = of_message.clone().map(|span| &*span.service).collect();
        services.sort_unstable();
        assert_eq!(services, ["broadcaster", "gateway", "persister"]);
        let mut traces: Vec<_> = of_message.map(|span| &span.trace).collect();
        traces.dedup();
        assert_eq!(traces.len(), 1, "{spans:#?}");
        assert_ne!(traces[0], TRACE);
    }
}

/// A caller that records nothing is not recorded; nor is, without a sampler that heeds callers, what
/// one wants recorded.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_to_be_recorded_is_not() {
    let (system, collector) = (System::new().await, Collector::start());
    let services = traced(&system, &[&collector.told()]).await;
    send(&services[0].api(), Some(&format!("00-{TRACE}-{CALLER}-00"))).await;
    finish(&system, services, 1).await;
    let never = ["--traces-sampler=always_off", &collector.told()];
    let gateway = system.gateway_with(&never).ready().await;
    send(&gateway.api(), Some(&format!("00-{TRACE}-{CALLER}-01"))).await;
    gateway.stop().await;
    assert!(collector.spans().is_empty(), "{:#?}", collector.spans());
}

/// Others may follow a trace that we tell nobody of.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_a_trace_is_passed_on_and_none_is_begun() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let trace = format!("00-{TRACE}-{CALLER}-01");
    send(&gateway.api(), Some(&trace)).await;
    send(&gateway.api(), None).await;
    let queue = system.broker.names().queue(ConsumerKind::Persister);
    let bodies = system.broker.drain(&queue).await;
    let bodies = bodies.iter().map(|body| serde_json::from_slice::<Value>(body).unwrap());
    let events = bodies.flat_map(|body| body["events"].as_array().unwrap().clone());
    let traces = events.map(|event| event["message"]["traceparent"].clone());
    assert_eq!(traces.collect::<Vec<_>>(), [json!(trace), Value::Null]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_or_hangs_holds_up_nothing() {
    // The system accepts connections for it, and nobody ever answers.
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for addr in [hanging.local_addr().unwrap(), gone] {
        let system = System::new().await;
        let services = traced(&system, &[&format!("--otlp-endpoint=http://{addr}")]).await;
        for _ in 0..3 {
            send(&services[0].api(), None).await;
        }
        finish(&system, services, 3).await;
    }
}
