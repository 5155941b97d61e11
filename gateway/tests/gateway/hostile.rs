//! Malformed requests: oversized, with an invalid body, or ambiguous between a proxy and the
//! gateway.
//!
//! Source: <https://www.rfc-editor.org/rfc/rfc9112>.

use test_support::{RunningService, System};

use crate::raw::Connection;

const SEND: &str = "POST /api/staff-chat-integration/send HTTP/1.1\r\nhost: gateway\r\n\
                    content-type: application/json\r\n";
const LIVE: &str = "GET /health/live HTTP/1.1\r\nhost: gateway\r\n";

/// A request with a distinct status, 404, that ends its connection.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n";

/// The statuses on a connection on which `request` arrives together with [`SMUGGLED`], until it
/// ends.
async fn answers(gateway: &RunningService, request: &str) -> Vec<u16> {
    let mut connection = Connection::open(gateway).await;
    connection.write(format!("{request}{SMUGGLED}").as_bytes()).await;
    connection.statuses().await
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_head_is_rejected_and_other_clients_are_served() {
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
        // The response can be lost, since the gateway closes a connection with unread bytes.
        assert!(matches!(large.statuses().await[..], [431] | []));
        assert_eq!(other.get("/health/live").await, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_answered_in_order() {
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
    // More requests than actix buffers at once.
    let together: String = requests.iter().map(|(request, _)| request.as_str()).collect();
    let expected: Vec<_> = requests.iter().map(|(_, status)| *status).collect();
    let mut expected = expected.repeat(5);
    expected.push(404);
    assert_eq!(answers(&gateway, &together.repeat(5)).await, expected);
}

/// The end of each of these bodies is unknown, and so is the beginning of a next request.
#[tokio::test(flavor = "multi_thread")]
async fn invalid_chunked_body_is_rejected_and_its_connection_closed() {
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
        // No handler reads the body: the request is answered, and the rest is not read.
        assert_eq!(answers(&gateway, &format!("{LIVE}{chunked}")).await, [200], "{body:?}");
    }
}

/// None of these bodies ends; what follows is part of it.
#[tokio::test(flavor = "multi_thread")]
async fn endless_body_is_rejected() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--client-timeout=1s", "--keep-alive=1s"]).ready().await;
    for rest in [
        "content-length: 18446744073709551615\r\n\r\n{}",
        "transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: y\r\nx: y\r\n",
        "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: y\n\n",
        // actix reads such a body until the connection ends, whatever its length is.
        "connection: upgrade\r\nupgrade: websocket\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        let rejected = answers(&gateway, &format!("{SEND}{rest}")).await;
        assert!(matches!(rejected[..], [408] | [400] | [413]), "{rest:?}: {rejected:?}");
        assert_eq!(answers(&gateway, &format!("{LIVE}{rest}")).await, [200], "{rest:?}");
    }
}

/// Two parsers may find different ends of each of these requests.
#[tokio::test(flavor = "multi_thread")]
async fn ambiguous_request_is_rejected_with_all_that_follows_it() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    for rest in [
        // Section 6.1: a server may reject a request with both.
        "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
        // Section 6.3: an invalid length, or several.
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
        // Section 6.1: an encoding that is unknown, or does not end with chunked.
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
        // Section 5.1: no space before the colon.
        "content-length : 2\r\n\r\n{}",
        "content-length\t: 2\r\n\r\n{}",
        "transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        // Section 5.2: no continued lines.
        "x: y\r\n content-length: 2\r\n\r\n{}",
        "content-length:\r\n 2\r\n\r\n{}",
        "x: y\n content-length: 2\r\n\r\n{}",
        // Sections 2.2 and 5: neither a bare CR nor NUL.
        "x: y\rcontent-length: 2\r\n\r\n{}",
        "x: y\0content-length: 2\r\n\r\n{}",
        "x\0y: z\r\ncontent-length: 2\r\n\r\n{}",
        // Section 3.2: one Host.
        "host: other\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        for head in [SEND, LIVE] {
            let request = format!("{head}{rest}");
            assert_eq!(answers(&gateway, &request).await, [400], "{request:?}");
        }
    }
    for request in [
        // Section 6.1: HTTP/1.0 has no chunks.
        SEND.replace("1.1", "1.0") + "transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        LIVE.replace("1.1", "1.0") + "transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        // Whether a body follows is unknown.
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

/// RFC 9112 defines how each of these is parsed: a proxy in front parses it in the same way, or
/// rejects it.
#[tokio::test(flavor = "multi_thread")]
async fn unambiguous_request_is_parsed_as_rfc_9112_says() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    for rest in [
        // Section 5.1: white space around a value is not part of it.
        "content-length: \t2 \r\n\r\n{}",
        "transfer-encoding: \tchunked\r\n\r\n0\r\n\r\n",
        // Section 7.1.1: white space and an extension after a chunk's size; 7.1.2: trailers.
        "transfer-encoding: Chunked\r\n\r\n2 ;a=\"b\"\r\n{}\r\n0\r\nx: y\r\n\r\n",
        // Section 2.2: a bare LF ends a line; a proxy forwards it as that, or as a space (RFC 9110,
        // section 5.5).
        "x: y\ncontent-length: 2\n\n{}",
        // A different name.
        "content-length: 2\r\ncontent_length: 20\r\n\r\n{}",
        // The gateway does not support HTTP/2.
        "connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        for (head, status) in [(SEND, 400), (LIVE, 200)] {
            let request = format!("{head}{rest}");
            assert_eq!(answers(&gateway, &request).await, [status, 404], "{request:?}");
        }
    }
    // A body with its declared length contains no request, whether or not a handler reads it.
    for head in [SEND, LIVE] {
        let inside = format!("{head}content-length: {}\r\n\r\n{SMUGGLED}", SMUGGLED.len());
        let answers = answers(&gateway, &inside).await;
        // The response to a request whose body no handler reads closes the connection.
        assert!(matches!(answers[..], [400 | 200, 404] | [200]), "{answers:?}");
    }
}
