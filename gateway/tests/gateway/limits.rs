use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Client, Method, Response, header};
use test_support::{Answer, RunningService, System, eventually, token};

use crate::{
    raw::Connection,
    tokens::{Issuer, player, staff},
};

const INBOX: &str = "/api/unified-chat/conversations";

/// The seconds after which a client may call again.
pub fn retry_after(answer: &Answer) -> u64 {
    answer.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sender_has_a_rate_limit_of_its_own() {
    let system = System::new().await;
    let limits = ["--sender-limit=1", "--sender-burst=3", "--staff-sender-limit=1"];
    let limits = [&limits[..], &["--staff-sender-burst=5"]].concat();
    let gateway = system.guarded_gateway(&limits).await;
    let by = |claims| gateway.api().with_token(&Issuer::usual().token(&claims));
    let (flooder, other, namesake) = (by(player("p1")), by(player("p2")), by(staff("p1")));
    for _ in 0..3 {
        assert_eq!(flooder.send_as_player("p1", "again").await.status, 202);
    }
    let refused = flooder.send_as_player("p1", "again").await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(refused.json["type"], "urn:problem-type:player-portal-chat:too-many-calls");
    assert!((1..=60).contains(&retry_after(&refused)), "{refused:?}");

    assert_eq!(other.send_as_player("p2", "hello").await.status, 202);
    for _ in 0..5 {
        assert_eq!(
            namesake.change_status("p1", "active").await.status,
            202,
            "staff have a limit of their own"
        );
    }
    assert_eq!(namesake.change_status("p1", "active").await.status, 429, "changes count as well");
    assert_eq!(namesake.send_as_staff("p1", "hello").await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_beyond_its_rate_limit_may_send_again_after_a_second() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&["--sender-limit=60", "--sender-burst=1"]).await;
    let flooder = gateway.api().with_token(&Issuer::usual().token(&player("p1")));
    // At once, so that the limit does not recover between two of them on a slow machine.
    let answers = join_all((0..20).map(|_| flooder.send_as_player("p1", "again"))).await;
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(retry_after(refused), 1, "{refused:?}");
    eventually("the sender may send again", async || {
        (flooder.send_as_player("p1", "again").await.status == 202).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sender_has_a_rate_limit_of_its_own_without_authentication() {
    let system = System::new().await;
    let limits = ["--sender-limit=1", "--sender-burst=1", "--staff-sender-limit=1"];
    let limits = [&limits[..], &["--staff-sender-burst=1"]].concat();
    let gateway = system.gateway_with(&limits).ready().await;
    let api = gateway.api();
    assert_eq!(api.send_as_player("p1", "hello").await.status, 202);
    assert_eq!(api.send_as_player("p1", "hello").await.status, 429);
    assert_eq!(api.send_as_player("p2", "hello").await.status, 202);
    assert_eq!(api.send_as_staff("p1", "hello").await.status, 202);
    assert_eq!(api.send_as_staff("p2", "hello").await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reader_has_a_rate_limit_of_its_own() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&["--reader-limit=1", "--reader-burst=5"]).await;
    let by = |claims| gateway.api().with_token(&Issuer::usual().token(&claims));
    let (reader, other, namesake) = (by(player("p1")), by(player("p2")), by(staff("p1")));
    assert_eq!(reader.conversation("p1", "").await.status, 200);
    assert_eq!(reader.conversation("p1", "limit=200").await.status, 200);
    let refused = reader.conversation("p1", "limit=1").await;
    assert_eq!(refused.status, 429, "a page of 200 counts as four of 50: {refused:?}");
    assert_eq!(other.conversation("p2", "").await.status, 200);
    assert_eq!(namesake.inbox("limit=200").await.status, 200);
    assert_eq!(namesake.inbox("limit=51").await.status, 429);
    assert_eq!(reader.send_as_player("p1", "hello").await.status, 202, "sends are not reads");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_has_a_rate_limit_and_probes_are_counted_apart() {
    let system = System::new().await;
    let limits = ["--address-limit=1", "--address-burst=2", "--trusted-proxies=127.0.0.0/8"];
    let gateway = system.gateway_with(&limits).ready().await;
    let by = |client: &str| gateway.api().with_header("x-forwarded-for", client);
    for (number, path) in
        ["/openapi.json", "/docs/", "/portal/", "/nothing", "/api/x"].iter().enumerate()
    {
        let api = by(&format!("1.1.1.{number}"));
        assert_ne!(api.get(path).await.status, 429, "{path}");
        assert_ne!(api.get(path).await.status, 429, "{path}");
        assert_eq!(api.get(path).await.status, 429, "{path}");
        assert_eq!(api.get("/health/ready").await.status, 200, "probes are counted apart");
        assert_eq!(api.get("/health/live").await.status, 200);
        assert_eq!(api.get("/health/ready").await.status, 429);
    }
    for _ in 0..5 {
        assert_eq!(
            gateway.api().get("/health/ready").await.status,
            200,
            "a trusted address is not limited"
        );
    }
}

/// Reads the inbox with `client` in `X-Forwarded-For`.
async fn read(gateway: &RunningService, client: &str) -> u16 {
    let request = Client::new().get(format!("http://{}{INBOX}", gateway.addr));
    request.header("x-forwarded-for", client).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_address_has_a_rate_limit() {
    let system = System::new().await;
    let limits = ["--address-limit=1", "--address-burst=3"];
    let gateway = system.guarded_gateway(&limits).await;
    for client in ["1.1.1.1", "2.2.2.2", "3.3.3.3"] {
        assert_eq!(
            read(&gateway, client).await,
            401,
            "the request is counted before authentication"
        );
    }
    assert_eq!(
        read(&gateway, "4.4.4.4").await,
        429,
        "X-Forwarded-For of an untrusted peer is ignored"
    );
    let api = gateway.api().with_token(&token("staff", "ada"));
    let refused = api.inbox("").await;
    assert_eq!(refused.status, 429);
    assert!((1..=60).contains(&retry_after(&refused)), "{refused:?}");
    assert_eq!(api.get("/health/ready").await.status, 200, "probes are not limited");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_a_trusted_proxy_have_rate_limits_of_their_own() {
    let system = System::new().await;
    let limits = ["--address-limit=1", "--address-burst=1", "--trusted-proxies=127.0.0.0/8"];
    let gateway = system.gateway_with(&limits).ready().await;
    for (client, status) in [
        ("1.1.1.1", 200),
        ("2.2.2.2", 200),
        ("1.1.1.1", 429),
        ("9.9.9.9, 2.2.2.2", 429),
        ("2001:db8::1", 200),
        ("2001:db8::2", 429),
        ("2001:db8:0:1::1", 200),
    ] {
        assert_eq!(read(&gateway, client).await, status, "{client}");
    }
}

async fn call(gateway: &RunningService, method: Method, path: &str, origin: &str) -> Response {
    Client::new()
        .request(method, format!("http://{}{path}", gateway.addr))
        .header(header::ORIGIN, origin)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type")
        .send()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_of_named_origins_may_call() {
    let system = System::new().await;
    let origins = "--cors-origins=https://portal.example,http://localhost:5173";
    let gateway = system.guarded_gateway(&[origins]).await;
    for (origin, allowed) in [
        ("https://portal.example", true),
        ("http://localhost:5173", true),
        ("https://portal.example.evil", false),
        ("http://portal.example", false),
        ("null", false),
    ] {
        for method in [Method::OPTIONS, Method::GET] {
            let answer = call(&gateway, method.clone(), INBOX, origin).await;
            let named = answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            let named = named.map(|origin| origin.to_str().unwrap());
            assert_eq!(named, allowed.then_some(origin), "{method} {origin}: {answer:?}");
        }
    }
    let preflight = call(&gateway, Method::OPTIONS, INBOX, "https://portal.example").await;
    assert_eq!(preflight.status(), 200);
    let allowed = preflight.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap();
    assert!(allowed.contains("authorization") && allowed.contains("content-type"), "{allowed}");
    assert!(!preflight.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));

    let silent = system.guarded_gateway(&[]).await;
    let answer = call(&silent, Method::GET, INBOX, "https://portal.example").await;
    assert!(
        !answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN),
        "CORS_ORIGINS is empty"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_may_send_tracing_headers_and_those_of_cors_headers() {
    let system = System::new().await;
    let origin = "--cors-origins=https://portal.example";
    let plain = system.guarded_gateway(&[origin]).await;
    let named = ["--cors-headers=X-Request-Id,x-sentry-trace", origin];
    let named = system.guarded_gateway(&named).await;
    let usual = "authorization,content-type,traceparent,tracestate,baggage,x-socket-id";
    for (gateway, asked, allowed) in [
        (&plain, usual, true),
        (&plain, "x-request-id", false),
        (&named, usual, true),
        (&named, "x-request-id, x-sentry-trace", true),
        (&named, "x-other", false),
    ] {
        let preflight = Client::new()
            .request(Method::OPTIONS, format!("http://{}{INBOX}", gateway.addr))
            .header(header::ORIGIN, "https://portal.example")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, asked);
        let status = preflight.send().await.unwrap().status();
        assert_eq!(status.is_success(), allowed, "{asked}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_have_security_headers() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    for path in [INBOX, "/docs/", "/openapi.json", "/health/live", "/nothing"] {
        let headers = gateway.api().get(path).await.headers;
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer", "{path}");
    }
    let headers = gateway.api().get(INBOX).await.headers;
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    let headers = gateway.api().get("/docs/").await.headers;
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("default-src 'self';"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_and_bodies_time_out() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--client-timeout=1s", "--keep-alive=1s"]).ready().await;
    // The head of the first request on a connection, and that of the second.
    for before in [0, 1] {
        let mut slow = Connection::open(&gateway).await;
        for _ in 0..before {
            assert_eq!(slow.get("/health/live").await, 200);
        }
        slow.write(b"GET /health/live HTTP/1.1\r\nhost: gate").await;
        slow.ends_within(Duration::from_secs(20)).await;
    }
    let mut slow = Connection::open(&gateway).await;
    slow.write(
        b"POST /api/staff-chat-integration/send HTTP/1.1\r\nhost: gateway\r\n\
          content-type: application/json\r\ncontent-length: 100\r\n\r\n{\"playerId\"",
    )
    .await;
    assert_eq!(slow.status().await, 408);
}
