//! One client takes all it can get. Others must still send, read and list the inbox, and no service
//! may exceed its memory limit.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context, ensure};
use futures_util::{FutureExt, future::join_all};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use super::poison::ForeignPublisher;
use crate::{
    background_reader::BackgroundReader,
    drill::Drill,
    fault::Fault,
    load::{Action, ClientRequest},
    memory::ensure_memory_limits,
    plan::{Plan, Scale},
};

/// A gateway's connections: few enough that an abuser can take all of them.
const MAX_CONNECTIONS: u32 = 400;

/// A gateway's limit of connections from one address.
const ADDRESS_CONNECTIONS: u32 = 100;

/// How long an abuser waits to connect, and to write.
const WRITE_LIMIT: Duration = Duration::from_secs(1);

/// Prefix of the ids of players with long conversations.
const FLOODED: &str = "abuser";

pub(super) fn faults() -> Vec<Fault> {
    let fault =
        |name, description, inflict| Fault { name, description, plan: Plan::usual, inflict };
    let few = |name, description, inflict| Fault {
        plan: with_few_connections,
        ..fault(name, description, inflict)
    };
    vec![
        fault(
            "half-sent-heads",
            "thousands of request heads of 120 KiB are never completed",
            |drill| half_sent_heads(drill).boxed_local(),
        ),
        fault("unread-answers", "pages of history are requested and never read", |drill| {
            unread_answers(drill).boxed_local()
        }),
        few("one-address", "one address takes all connections that it can get", |drill| {
            taken_connections(drill, 1).boxed_local()
        }),
        few("many-addresses", "many addresses take all connections and stay idle", |drill| {
            taken_connections(drill, 8).boxed_local()
        }),
        fault(
            "floods",
            "eight clients list the inbox while ten conversations are very long",
            |drill| floods(drill).boxed_local(),
        ),
        fault(
            "one-message-id",
            "one messageId is sent with a thousand different contents",
            |drill| one_message_id(drill).boxed_local(),
        ),
        fault("huge-body", "one body holds 100,000 events that cannot be decoded", |drill| {
            huge_body(drill).boxed_local()
        }),
    ]
}

fn with_few_connections(scale: Scale) -> Plan {
    Plan::usual(scale)
        .services("MAX_CONNECTIONS", MAX_CONNECTIONS)
        .services("ADDRESS_CONNECTIONS", ADDRESS_CONNECTIONS)
}

/// A loopback address for an abuser.
fn abuser(number: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 1, number).into()
}

/// Connects from `abuser`; `None` when the gateway accepts no further connection.
async fn connect(abuser: IpAddr, gateway: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind(SocketAddr::new(abuser, 0)).ok()?;
    timeout(WRITE_LIMIT, socket.connect(gateway)).await.ok()?.ok()
}

/// Writes as much of `bytes` as the gateway reads.
async fn write(connection: &mut TcpStream, bytes: &[u8]) {
    // The gateway may close the connection.
    timeout(WRITE_LIMIT, connection.write_all(bytes)).await.ok();
}

/// Runs `abuse` while others read, and checks their answers and the memory of the services.
async fn with_readers(
    drill: &mut Drill,
    abuse: impl AsyncFnOnce(&mut Drill) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let reader = BackgroundReader::start(&drill.deployment.gateway_addresses())?;
    let abused = abuse(drill).await;
    let statistics = reader.stop().await;
    drill.notes.push(statistics.to_string());
    abused?;
    statistics.check(drill)?;
    ensure_memory_limits(drill)
}

async fn half_sent_heads(drill: &mut Drill) -> anyhow::Result<()> {
    let count = drill.scale.pick(2_250, 100);
    let head = format!("GET /health/live HTTP/1.1\r\nhost: x\r\nx-pad: {}", "a".repeat(120 * 1024));
    with_readers(drill, async |drill| {
        let mut held = Vec::new();
        for gateway in drill.deployment.gateway_addresses() {
            for _ in 0..count {
                let Some(mut connection) = connect(abuser(1), gateway).await else { continue };
                write(&mut connection, head.as_bytes()).await;
                held.push(connection);
            }
        }
        drill.run_for(10).await;
        Ok(())
    })
    .await
}

async fn unread_answers(drill: &mut Drill) -> anyhow::Result<()> {
    let count = drill.scale.pick(150, 20);
    flood(drill, 1, 200, 4_000).await?;
    let request = format!(
        "GET /api/unified-chat/conversations/{FLOODED}-1?limit=200 HTTP/1.1\r\nhost: x\r\n\r\n"
    );
    let requests = request.repeat(8);
    with_readers(drill, async |drill| {
        let mut held = Vec::new();
        for gateway in drill.deployment.gateway_addresses() {
            for number in 0..count {
                // From several addresses, below the limit of each.
                let abuser = abuser(1 + (number % 10));
                let Some(mut connection) = connect(abuser, gateway).await else { continue };
                write(&mut connection, requests.as_bytes()).await;
                held.push(connection);
            }
        }
        drill.run_for(10).await;
        Ok(())
    })
    .await?;
    delete_floods(drill).await
}

async fn taken_connections(drill: &mut Drill, addresses: u8) -> anyhow::Result<()> {
    with_readers(drill, async |drill| {
        let mut held = Vec::new();
        for gateway in drill.deployment.gateway_addresses() {
            for number in 0..MAX_CONNECTIONS * 2 {
                let abuser = abuser(1 + u8::try_from(number % u32::from(addresses))?);
                held.extend(connect(abuser, gateway).await);
            }
        }
        drill.run_for(10).await;
        Ok(())
    })
    .await
}

async fn floods(drill: &mut Drill) -> anyhow::Result<()> {
    const INBOX_READERS: usize = 8;
    // Enough for a cost that grows with each message to show.
    flood(drill, 10, drill.scale.pick(20_000, 1_000), 100).await?;
    with_readers(drill, async |drill| {
        let gateways = drill.deployment.gateway_addresses();
        let http = reqwest::Client::builder().no_proxy().build()?;
        let read_inbox = async |gateway: SocketAddr| -> anyhow::Result<()> {
            let url = format!(
                "http://{gateway}/api/unified-chat/conversations?status=pending,active&limit=200"
            );
            loop {
                let answer = http.get(&url).send().await?;
                ensure!(
                    answer.status().is_success(),
                    "the inbox was answered with {}",
                    answer.status()
                );
            }
        };
        let readers = gateways.iter().cycle().take(INBOX_READERS);
        let readers = readers.map(|gateway| read_inbox(*gateway));
        tokio::select! {
            ended = join_all(readers) => ended.into_iter().collect::<anyhow::Result<()>>(),
            () = drill.run_for(10) => Ok(()),
        }
    })
    .await?;
    delete_floods(drill).await
}

async fn one_message_id(drill: &mut Drill) -> anyhow::Result<()> {
    let times = drill.scale.pick(1_000, 50);
    with_readers(drill, async |drill| {
        let gateway =
            *drill.deployment.gateway_addresses().first().context("there is no gateway")?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let request = ClientRequest::new("player-0".to_owned(), Action::PlayerWrites);
        let send = async |body: Value| -> anyhow::Result<u16> {
            let url = format!("http://{gateway}{}", request.path());
            Ok(http.post(url).json(&body).send().await?.status().as_u16())
        };
        let first = send(request.body()).await?;
        ensure!(first == 202, "the first content was answered with {first}");
        drill.load.ledger().accepted_elsewhere(&request);
        drill
            .wait_until("the first content is persisted", async |drill| {
                drill.deployment.has_persisted(&[request.id]).await.unwrap_or(false)
            })
            .await?;
        for number in 0..times {
            let mut body = request.body();
            if let Some(message) = body.as_object_mut() {
                message.insert("content".to_owned(), json!(format!("content {number}")));
            }
            let status = send(body).await?;
            // A gateway that knows the id may answer 409.
            ensure!(matches!(status, 202 | 409), "content {number} was answered with {status}");
        }
        Ok(())
    })
    .await
}

async fn huge_body(drill: &mut Drill) -> anyhow::Result<()> {
    with_readers(drill, async |drill| {
        let publisher = ForeignPublisher::connect(drill.deployment.amqp_url()).await?;
        let events = vec![5; 100_000];
        let body = json!({ "version": 1, "events": events }).to_string();
        publisher.publish(body.as_bytes()).await?;
        drill.expected_dead = drill.expected_dead.map(|others| others + 1);
        drill
            .wait_until("the body is one dead letter of each worker", async |drill| {
                drill.deployment.dead_letters().await.is_ok_and(|dead| dead == drill.expected_dead)
            })
            .await?;
        drill.run_for(10).await;
        Ok(())
    })
    .await
}

/// Stores an open session for each of `players` players, with `messages` unanswered messages of
/// `characters` characters each.
async fn flood(drill: &Drill, players: i32, messages: i32, characters: i32) -> anyhow::Result<()> {
    let database = drill.deployment.database().await?;
    let statements = format!(
        "INSERT INTO chat_conversations (player_id, last_seq, session_id, status, last_message_id,
                                         last_message_at)
         SELECT '{FLOODED}-' || p, {messages}, gen_random_uuid(), 'pending', gen_random_uuid(), now()
         FROM generate_series(1, {players}) p;
         INSERT INTO chat_sessions (id, player_id, status, opened_at, last_message_at)
         SELECT session_id, player_id, 'pending', now() - interval '1 day', now()
         FROM chat_conversations WHERE player_id LIKE '{FLOODED}-%';
         INSERT INTO chat_messages (id, session_id, player_id, seq, sender_type, content, accepted_at)
         SELECT CASE WHEN seq = {messages} THEN last_message_id ELSE gen_random_uuid() END,
                session_id, player_id, seq, 'player', repeat('ä', {characters}),
                last_message_at - make_interval(secs => ({messages} - seq) * 86400.0 / {messages})
         FROM chat_conversations, generate_series(1, {messages}) seq
         WHERE player_id LIKE '{FLOODED}-%';
         ANALYZE chat_messages"
    );
    Ok(database.batch_execute(&statements).await?)
}

/// Deletes the rows of [`flood`], which no client sent.
async fn delete_floods(drill: &Drill) -> anyhow::Result<()> {
    let statements = ["chat_messages", "chat_sessions", "chat_conversations"]
        .map(|table| format!("DELETE FROM {table} WHERE player_id LIKE '{FLOODED}-%'"))
        .join("; ");
    Ok(drill.deployment.database().await?.batch_execute(&statements).await?)
}
