//! Requests that no good client writes: too large, cut wrongly, or meant to be read in one way by a proxy
//! and in another by the gateway.
//!
//! Source: <https://www.rfc-editor.org/rfc/rfc9112>.

use test_support::{RunningService, System};

use crate::raw::Connection;

const SEND: &str = "POST /api/staff-chat-integration/send HTTP/1.1\r\nhost: gateway\r\n\
                    content-type: application/json\r\n";
const LIVE: &str = "GET /health/live HTTP/1.1\r\nhost: gateway\r\n";

/// A request whose answer, 404, no other here gets, and which ends its connection.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n";

/// What a connection is answered on which `request` comes, and at once a smuggled one, until it ends.
async fn answers(gateway: &RunningService, request: &str) -> Vec<u16> {
    let mut connection = Connection::open(gateway).await;
    connection.write(format!("{request}{SMUGGLED}").as_bytes()).await;
    connection.statuses().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused_and_others_are_served() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let mut other = Connection::open(&gateway).await;
    let (long, many) = (format!("x: {}", "a".repeat(1024 * 1024)), "x: y\r\n".repeat(10_000));
    for headers in [long, many] {
        let mut large = Connection::open(&gateway).await;
        large.write(LIVE.as_bytes()).await;
        assert_eq!(other.get("/health/live").await, 200);
        large.write(headers.as_bytes()).await;
        large.write(b"\r\n\r\n").await;
        // The answer can be lost, since the gateway hangs up on what it does not read.
        assert!(matches!(large.statuses().await[..], [431] | []));
        assert_eq!(other.get("/health/live").await, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_come_together_are_answered_each_in_order() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let message = r#"{"playerId":"p1","senderType":"player","content":"hello"}"#;
    let length = message.len();
    let sized = format!("{SEND}content-length: {length}\r\n\r\n{message}");
    let chunked =
        format!("{SEND}transfer-encoding: chunked\r\n\r\n{length:x}\r\n{message}\r\n0\r\n\r\n");
    let requests = [
        (format!("{LIVE}\r\n"), 200),
        (sized, 202),
        (format!("{SEND}content-length: 2\r\n\r\n{{}}"), 400),
        (chunked, 202),
        (LIVE.replace("GET", "PUT") + "\r\n", 405),
        (LIVE.replace("live", "nothing") + "\r\n", 404),
    ];
    // More of them than actix lets wait at once.
    let together: String = requests.iter().map(|(request, _)| request.as_str()).collect();
    let expected: Vec<_> = requests.iter().map(|(_, status)| *status).collect();
    let mut expected = expected.repeat(5);
    expected.push(404);
    assert_eq!(answers(&gateway, &together.repeat(5)).await, expected);
}

/// None of these is read on: where a body ends cannot be known any more, nor where a request begins.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_cut_wrongly_is_refused_and_ends_its_connection() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    for body in [
        "x\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "\r\n\r\n",
        "2;a\n{}\r\n0\r\n\r\n",
        "2\n{}\n0\n\n",
        "2\r\n{}0\r\n\r\n",
        "2\r\n{}x\r\n0\r\n\r\n",
        "1\r\n{}\r\n0\r\n\r\n",
        "10000000000000002\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0\r\nx: y\r\r\n\r\n",
        "2\r\n{}\r\n0\r\n\rx",
    ] {
        let chunked = format!("transfer-encoding: chunked\r\n\r\n{body}");
        assert_eq!(answers(&gateway, &format!("{SEND}{chunked}")).await, [400], "{body:?}");
        // Nobody asked for the body: it is answered before it is looked at, and not read on.
        assert_eq!(answers(&gateway, &format!("{LIVE}{chunked}")).await, [200], "{body:?}");
    }
}

/// No body comes to its end here, and none is waited for: what stands behind it is part of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_ends_is_not_waited_for() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--client-timeout=1s", "--keep-alive=1s"]).ready().await;
    for rest in [
        "content-length: 18446744073709551615\r\n\r\n{}",
        "transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: y\r\nx: y\r\n",
        "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: y\n\n",
        // actix reads such a body until the connection ends, whatever it is said to be.
        "connection: upgrade\r\nupgrade: websocket\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        let refused = answers(&gateway, &format!("{SEND}{rest}")).await;
        assert!(matches!(refused[..], [408] | [400] | [413]), "{rest:?}: {refused:?}");
        assert_eq!(answers(&gateway, &format!("{LIVE}{rest}")).await, [200], "{rest:?}");
    }
}

/// Of two who read such a request, one may see another end of it than the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_can_be_read_in_two_ways_is_refused_with_all_that_follows() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    for rest in [
        // Section 6.1: both may be refused, and are.
        "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
        // Section 6.3: a length that is none, or more than one.
        "content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        "content-length: 2\r\ncontent-length: 2\r\n\r\n{}",
        "content-length: 5, 6\r\n\r\n{}",
        "content-length: 2, 2\r\n\r\n{}",
        "content-length: +5\r\n\r\n{}",
        "content-length: -2\r\n\r\n{}",
        "content-length: 0x2\r\n\r\n{}",
        "content-length: 2 2\r\n\r\n{}",
        "content-length:\r\n\r\n{}",
        "content-length: \u{b}2\r\n\r\n{}",
        "content-length: \u{a0}2\r\n\r\n{}",
        "content-length: 99999999999999999999\r\n\r\n{}",
        // Section 6.1: an encoding that is not chunked at the end, or that is not known.
        "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: identity\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "transfer-encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        "transfer-encoding: \u{b}chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\u{b}\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n",
        // Section 5.1: no space between a name and its colon.
        "content-length : 2\r\n\r\n{}",
        "content-length\t: 2\r\n\r\n{}",
        "transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        // Section 5.2: no line is continued on the next.
        "x: y\r\n content-length: 2\r\n\r\n{}",
        "content-length:\r\n 2\r\n\r\n{}",
        "x: y\n content-length: 2\r\n\r\n{}",
        // Sections 2.2 and 5: neither a CR alone nor NUL is part of anything.
        "x: y\rcontent-length: 2\r\n\r\n{}",
        "x: y\0content-length: 2\r\n\r\n{}",
        "x\0y: z\r\ncontent-length: 2\r\n\r\n{}",
        // Section 3.2: one host.
        "host: other\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        for head in [SEND, LIVE] {
            let request = format!("{head}{rest}");
            assert_eq!(answers(&gateway, &request).await, [400], "{request:?}");
        }
    }
    for request in [
        // Section 6.1: older than chunks.
        SEND.replace("1.1", "1.0") + "transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        LIVE.replace("1.1", "1.0") + "transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        // Nobody knows whether a body follows.
        SEND.replace("1.1", "1.0") + "\r\n",
        LIVE.replace("1.1", "0.9") + "\r\n",
        LIVE.replace("1.1", "2.0") + "\r\n",
        LIVE.replace(" HTTP/1.1", "") + "\r\n",
        LIVE.replace("host: gateway\r\n", "") + "\r\n",
        LIVE.replace("host", " host") + "\r\n",
        LIVE.replace("host", "") + "\r\n",
        LIVE.replace("GET ", "GET  ") + "\r\n",
        LIVE.replace(' ', "\t") + "\r\n",
    ] {
        assert_eq!(answers(&gateway, &request).await, [400], "{request:?}");
    }
}

/// These look odd, and RFC 9112 says how each is read: whoever stands in front reads it in the same way, or
/// refuses it.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_can_be_read_in_one_way_is_read_in_that_way() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    for rest in [
        // Section 5.1: white space around a value is no part of it.
        "content-length: \t2 \r\n\r\n{}",
        "transfer-encoding: \tchunked\r\n\r\n0\r\n\r\n",
        // Section 7.1.1: white space and an extension behind a chunk's size; 7.1.2: trailers.
        "transfer-encoding: Chunked\r\n\r\n2 ;a=\"b\"\r\n{}\r\n0\r\nx: y\r\n\r\n",
        // Section 2.2: an LF alone ends a line, and a proxy that forwards it takes it for that, or for a
        // space (RFC 9110, section 5.5).
        "x: y\ncontent-length: 2\n\n{}",
        // Another name.
        "content-length: 2\r\ncontent_length: 20\r\n\r\n{}",
        // Nothing here speaks HTTP/2.
        "connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        for (head, status) in [(SEND, 400), (LIVE, 200)] {
            let request = format!("{head}{rest}");
            assert_eq!(answers(&gateway, &request).await, [status, 404], "{request:?}");
        }
    }
    // A body that is as long as it is said to be holds no request, also if nobody reads it.
    for head in [SEND, LIVE] {
        let inside = format!("{head}content-length: {}\r\n\r\n{SMUGGLED}", SMUGGLED.len());
        let answers = answers(&gateway, &inside).await;
        // The answer to a call that reads no body says that it is the last.
        assert!(matches!(answers[..], [400 | 200, 404] | [200]), "{answers:?}");
    }
}
