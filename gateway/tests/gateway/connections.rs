//! Limits of one connection, of one address, and of all connections.

use std::{fs, net::SocketAddr, process::Stdio, time::Duration};

use gateway::{
    connections::{CONNECTION_BYTES, HEAD_LIMIT, WORKER_BYTES, workers},
    settings::PROGRAM_BYTES,
};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use test_support::{Api, System, eventually};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
};

use crate::{commands::REST, raw::Connection};

const LIVE: &str = "GET /health/live HTTP/1.1\r\nhost: gateway\r\n";
const SEND: &str = "POST /api/staff-chat-integration/send HTTP/1.1\r\nhost: gateway\r\n\
                    content-type: application/json\r\n";

/// More than a client and the kernel buffer of an unread response.
const LARGE: &str = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: gateway\r\n\r\n";

fn head_of(bytes: usize) -> String {
    let rest = bytes - LIVE.len() - "x: \r\n\r\n".len();
    format!("{LIVE}x: {}\r\n\r\n", "a".repeat(rest))
}

async fn closed(api: &Api, reason: &str) -> u64 {
    api.metric(&format!(r#"chat_gateway_closed_connections_total{{reason="{reason}"}}"#)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn head_over_16_kib_is_rejected_before_it_ends() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let mut connection = Connection::open(&gateway).await;
    for _ in 0..3 {
        connection.write(head_of(HEAD_LIMIT).as_bytes()).await;
        assert_eq!(connection.status().await, 200);
    }
    let larger = head_of(HEAD_LIMIT + 2);
    connection.write(&larger.as_bytes()[..larger.len() - 1]).await;
    assert_eq!(connection.statuses().await, [431]);
    assert_eq!(closed(&gateway.api(), "large-head").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_on_one_connection_may_together_exceed_the_limit_of_a_head() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let mut connection = Connection::open(&gateway).await;
    for _ in 0..10 {
        connection.write(head_of(5_000).repeat(10).as_bytes()).await;
        for _ in 0..10 {
            assert_eq!(connection.status().await, 200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_body_is_discarded_and_the_connection_stays_open() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let mut connection = Connection::open(&gateway).await;
    let chunk = format!("{:x}\r\n{}\r\n", 30_000, "a".repeat(30_000));
    let unread = format!("{SEND}transfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n");
    let unread = unread.replace("/api/staff-chat-integration/send", "/nothing");
    for _ in 0..3 {
        connection.write(unread.as_bytes()).await;
        assert_eq!(connection.status().await, 404);
    }
    assert_eq!(connection.get("/health/live").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn second_head_on_a_connection_has_the_same_timeout_as_the_first() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--client-timeout=1s", "--keep-alive=1h"]).ready().await;
    let mut slow = Connection::open(&gateway).await;
    assert_eq!(slow.get("/health/live").await, 200);
    slow.write(LIVE.as_bytes()).await;
    slow.ends_within(Duration::from_secs(20)).await;
    assert_eq!(closed(&gateway.api(), "slow-head").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn client_that_does_not_take_its_response_is_disconnected() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--client-timeout=1s"]).ready().await;
    let mut stalled = Connection::open(&gateway).await;
    stalled.write(LARGE.repeat(20).as_bytes()).await;
    eventually("the connection is closed", async || {
        (closed(&gateway.api(), "stalled").await == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn longest_idle_connection_is_closed_for_a_new_one() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--max-connections=4"]);
    let mut open = Vec::new();
    for _ in 0..4 {
        let mut connection = Connection::open(&gateway).await;
        assert_eq!(connection.get("/health/live").await, 200);
        open.push(connection);
    }
    assert_eq!(open[0].get("/health/live").await, 200);
    let mut new = Connection::open(&gateway).await;
    assert_eq!(new.get("/health/live").await, 200);
    open.remove(1).ends_within(Duration::from_secs(20)).await;
    for connection in &mut open {
        assert_eq!(
            connection.get("/health/live").await,
            200,
            "the connection was not idle for longest"
        );
    }
    assert_eq!(closed(&gateway.api(), "replaced").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_one_address_are_limited() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--address-connections=3"]);
    let mut busy = Vec::new();
    for _ in 0..3 {
        let mut connection = Connection::open(&gateway).await;
        let head = format!("{SEND}expect: 100-continue\r\ncontent-length: 100\r\n\r\n");
        connection.write(head.as_bytes()).await;
        assert_eq!(connection.status().await, 100, "the request is in progress");
        busy.push(connection);
    }
    Connection::open(&gateway).await.ends_within(Duration::from_secs(20)).await;
    assert_eq!(closed(&gateway.api(), "address").await, 1);
    let named = ["--address-connections=1", "--trusted-proxies=127.0.0.1"];
    let gateway = system.gateway_with(&named);
    let (mut one, mut other) = (Connection::open(&gateway).await, Connection::open(&gateway).await);
    assert_eq!(one.get("/health/live").await, 200);
    assert_eq!(other.get("/health/live").await, 200);
    assert_eq!(one.get("/health/live").await, 200, "a trusted proxy is not limited");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_wait_for_memory_and_small_ones_do_not() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--request-memory=1KiB"]).ready().await;
    let api = gateway.api();
    let mut slow = Connection::open(&gateway).await;
    slow.write(format!("{SEND}content-length: 60000\r\n\r\n{{").as_bytes()).await;
    let large = "x".repeat(20_000);
    let refused = eventually("a large request is refused", async || {
        let answer = api.send_as_player("p1", &large).await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert_eq!(refused.json["type"], "urn:problem-type:player-portal-chat:busy");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(api.send_as_player("p1", "hello").await.status, 202);
    drop(slow);
    eventually("a large request is read", async || {
        (api.send_as_player("p1", &large).await.status == 400).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn body_with_many_empty_lines_is_accepted() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let lines = " \n\n".repeat(2_500);
    let body =
        format!(r#"{{{lines}"playerId":"p1","senderType":"player","content":"hello"{lines}}}"#);
    let path = "/api/staff-chat-integration/send";
    let answer = gateway.api().post_raw(path, "application/json", body.into_bytes()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
}

/// The gateway as a process, whose memory can be measured.
struct Program {
    process: Child,
    address: SocketAddr,
}

impl Program {
    async fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
        command.env_clear().envs(REST).env("AUTH_MODE", "off").env("ADDRESS_CONNECTIONS", "0");
        command
            .envs([("GATEWAY_LISTEN", "127.0.0.1:0"), ("GATEWAY_METRICS_LISTEN", "127.0.0.1:0")]);
        command.envs([("ADDRESS_LIMIT", "0"), ("LOG_FORMAT", "text"), ("CLIENT_TIMEOUT", "5m")]);
        let mut process = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next_line().await.unwrap().expect("it starts");
            let found = line.split("listen=").nth(1).and_then(|rest| rest.split(' ').next());
            if let Some(address) = found.and_then(|address| address.parse().ok()) {
                break address;
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { process, address }
    }

    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id().unwrap()));
        let status = status.unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
    }

    fn processor_time(&self) -> u64 {
        let stat =
            fs::read_to_string(format!("/proc/{}/stat", self.process.id().unwrap())).unwrap();
        let fields = stat.rsplit(')').next().unwrap().split_whitespace();
        fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }

    /// Its memory when it is idle but for its attempts to reach RabbitMQ and the database, which take a
    /// tick of the processor now and then.
    async fn settled_memory(&self) -> u64 {
        let (mut before, mut idle) = (self.processor_time(), 0);
        eventually("the gateway is idle", async || {
            let now = self.processor_time();
            idle = if now - std::mem::replace(&mut before, now) <= 1 { idle + 1 } else { 0 };
            (idle == 10).then_some(())
        })
        .await;
        self.memory()
    }
}

/// Opens connections, writes each of `parts`, and reads nothing.
async fn hold(program: &Program, number: usize, parts: &[&str]) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    for _ in 0..number {
        connections.push(TcpStream::connect(program.address).await.unwrap());
    }
    for part in parts {
        for connection in &mut connections {
            connection.write_all(part.as_bytes()).await.ok();
        }
        program.settled_memory().await;
    }
    connections
}

/// One program for all cases: a connection's memory is split by those before it.
#[tokio::test(flavor = "multi_thread")]
async fn memory_of_a_connection_is_bounded() {
    const CONNECTIONS: usize = 1_000;
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    let head = head_of(HEAD_LIMIT);
    let half = &head[..head.len() - 1];
    let body = "a".repeat(8_000);
    let half_body = format!("{SEND}content-length: 8001\r\n\r\n{body}");
    let padding = "a".repeat(HEAD_LIMIT - SEND.len() - 30);
    let large_head = format!("{SEND}content-length: 8001\r\nx: {padding}\r\n\r\n{body}");
    let short = "GET / HTTP/1.1\nhost:\n\n".repeat(100);
    let (many, large) = ("GET /nothing HTTP/1.1\r\nhost:\r\n\r\n".repeat(2_000), LARGE.repeat(20));
    let process = PROGRAM_BYTES + workers() as u64 * WORKER_BYTES;
    let program = Program::start().await;
    let mut worst = Vec::new();
    for (case, parts) in [
        ("half a head after a request", vec![&format!("{LIVE}\r\n{half}")]),
        ("half a body after a large head", vec![&format!("{LIVE}\r\n{large_head}")]),
        ("half a body, and another after its end", vec![&half_body, &format!("a{large_head}")]),
        ("many requests in the bytes that end a body", vec![&half_body, &format!("a{large}")]),
        ("unread large responses, and many requests", vec![&large, &many]),
        ("unread large responses, and half a head", vec![&large, &half.to_owned()]),
        ("many requests and an unread response", vec![&format!("{LARGE}{short}")]),
    ] {
        let parts: Vec<&str> = parts.into_iter().map(String::as_str).collect();
        let connections = hold(&program, CONNECTIONS, &parts).await;
        let taken = program.settled_memory().await.saturating_sub(process);
        println!("{case}: {} bytes a connection", taken / CONNECTIONS as u64);
        worst.push((taken / CONNECTIONS as u64, case));
        drop(connections);
    }
    let worst = worst.into_iter().max().unwrap();
    assert!(worst.0 <= CONNECTION_BYTES, "{worst:?}");
}
