//! The spans of a message.

use ::broker::ConsumerKind;
use serde_json::{Value, json};
use test_support::{Api, CollectedSpan, RunningService, SpanCollector, System, eventually};
use tokio::net::TcpListener;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// Starts the services of `system` with `settings`.
async fn start_services(system: &System, settings: &[&str]) -> [RunningService; 3] {
    [
        system.gateway_with(settings).ready().await,
        system.persister_with(settings).ready().await,
        system.broadcaster_with(settings).ready().await,
    ]
}

/// Sends a message with `traceparent`, and returns its id.
async fn send(api: &Api, traceparent: Option<&str>) -> String {
    let message = json!({ "playerId": "p1", "senderType": "player", "content": "hello" });
    let answer = match traceparent {
        Some(trace) => api.with_header("traceparent", trace).send(&message).await,
        None => api.send(&message).await,
    };
    assert_eq!(answer.status, 202);
    answer.json["messageId"].as_str().unwrap().to_owned()
}

/// Waits until the messages are persisted and broadcast, and stops the services, which flushes
/// spans.
async fn finish(system: &System, services: [RunningService; 3], messages: i64) {
    eventually("all messages are persisted and broadcast", async || {
        let persisted = system.database.count_messages().await;
        let broadcast = system.pusher.accepted().await["events"].as_i64();
        // Two events for each message, and two for the session.
        (persisted == messages && broadcast >= Some(2 * messages + 2)).then_some(())
    })
    .await;
    for service in services {
        service.stop().await;
    }
}

fn spans_of<'a>(spans: &'a [CollectedSpan], service: &str, name: &str) -> Vec<&'a CollectedSpan> {
    spans.iter().filter(|span| span.service == service && span.name == name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_leads_from_the_caller_to_the_row_and_to_pusher() {
    let (system, collector) = (System::new().await, SpanCollector::start());
    // Batches and calls are sampled when one of their messages is.
    let sampler = "--traces-sampler=parentbased_always_off";
    let services = start_services(&system, &[&collector.endpoint_setting(), sampler]).await;
    let id = send(&services[0].api(), Some(&format!("00-{TRACE}-{CALLER}-01"))).await;
    finish(&system, services, 1).await;

    let spans = collector.spans();
    let [sent] = spans_of(&spans, "gateway", "send")[..] else { panic!("{spans:#?}") };
    assert_eq!((&*sent.trace, &*sent.parent), (TRACE, CALLER));
    for (service, part, whole) in
        [("persister", "persist", "persist batch"), ("broadcaster", "broadcast", "call Pusher")]
    {
        let [part] = spans_of(&spans, service, part)[..] else { panic!("{spans:#?}") };
        assert_eq!((&*part.trace, &part.parent), (TRACE, &sent.id), "{service}");
        assert_eq!(part.message_id.as_ref(), Some(&id), "{service}");
        let [whole] = spans_of(&spans, service, whole)[..] else { panic!("{spans:#?}") };
        assert_eq!(whole.links, [&*sent.id], "{service}");
        assert_eq!(part.links, [&*whole.id], "{service}");
        assert_ne!(whole.trace, TRACE, "{service}");
    }
    assert!(spans.iter().all(|span| !span.failed), "{spans:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_a_valid_traceparent_begins_a_trace() {
    let (system, collector) = (System::new().await, SpanCollector::start());
    let services = start_services(&system, &[&collector.endpoint_setting()]).await;
    let api = services[0].api();
    let mut ids = vec![send(&api, None).await];
    // An invalid version, which the standard says to ignore.
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

/// Neither a caller's unsampled trace is exported, nor any trace with the sampler `always_off`.
#[tokio::test(flavor = "multi_thread")]
async fn an_unsampled_trace_is_not_exported() {
    let (system, collector) = (System::new().await, SpanCollector::start());
    let services = start_services(&system, &[&collector.endpoint_setting()]).await;
    send(&services[0].api(), Some(&format!("00-{TRACE}-{CALLER}-00"))).await;
    finish(&system, services, 1).await;
    let never = ["--traces-sampler=always_off", &collector.endpoint_setting()];
    let gateway = system.gateway_with(&never).ready().await;
    send(&gateway.api(), Some(&format!("00-{TRACE}-{CALLER}-01"))).await;
    gateway.stop().await;
    assert!(collector.spans().is_empty(), "{:#?}", collector.spans());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_a_trace_is_propagated_and_none_begun() {
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
async fn a_collector_that_is_down_or_hangs_delays_no_message() {
    // The kernel accepts connections; no process answers.
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for addr in [hanging.local_addr().unwrap(), closed] {
        let system = System::new().await;
        let services = start_services(&system, &[&format!("--otlp-endpoint=http://{addr}")]).await;
        for _ in 0..3 {
            send(&services[0].api(), None).await;
        }
        finish(&system, services, 3).await;
    }
}
