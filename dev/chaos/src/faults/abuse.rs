//! One client takes what it can get. Meanwhile others send, read and see the inbox as usual, and no
//! service needs more memory than it is given.

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

use super::{Fault, Group, poison::Stranger};
use crate::{
    bystander::Bystander,
    drill::Drill,
    load::{Action, ClientRequest},
    memory::ensure_memory_limits,
    plan::{Plan, Scale},
};

/// Connections that a gateway is given, so that an abuser can take all of them.
const MAX_CONNECTIONS: u32 = 400;

/// Connections that a gateway grants one address.
const ADDRESS_CONNECTIONS: u32 = 100;

/// How long an abuser waits until a connection takes bytes.
const WRITE_LIMIT: Duration = Duration::from_secs(1);

/// Begins the ids of the players whose messages abusers ask for.
const FLOODED: &str = "abuser";

pub(super) fn faults() -> Vec<Fault> {
    let fault =
        |name, what, inflict| Fault { name, group: Group::Abuse, what, plan: Plan::usual, inflict };
    let few =
        |name, what, inflict| Fault { plan: with_few_connections, ..fault(name, what, inflict) };
    vec![
        fault("half-sent-heads", "thousands of request heads of 120 KiB that never end", |drill| {
            half_sent_heads(drill).boxed_local()
        }),
        fault("unread-answers", "pages of history are asked for and never read", |drill| {
            unread_answers(drill).boxed_local()
        }),
        few("one-address", "one address takes all connections that it can get", |drill| {
            taken_connections(drill, 1).boxed_local()
        }),
        few("many-addresses", "many addresses take all connections, and ask nothing", |drill| {
            taken_connections(drill, 8).boxed_local()
        }),
        fault(
            "floods",
            "ten players have written for a day, and eight desks ask for the inbox",
            |drill| floods(drill).boxed_local(),
        ),
        fault("one-message-id", "one messageId is sent with a thousand contents", |drill| {
            one_message_id(drill).boxed_local()
        }),
        fault("huge-body", "a body with 100,000 events that cannot be read", |drill| {
            huge_body(drill).boxed_local()
        }),
    ]
}

fn with_few_connections(scale: Scale) -> Plan {
    Plan::usual(scale)
        .services("MAX_CONNECTIONS", MAX_CONNECTIONS)
        .services("ADDRESS_CONNECTIONS", ADDRESS_CONNECTIONS)
}

/// An address of the abuser's own, of those that lead to this machine.
fn abuser(number: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 1, number).into()
}

/// Connects from `abuser`; none when the gateway does not take another connection.
async fn connect(abuser: IpAddr, gateway: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind(SocketAddr::new(abuser, 0)).ok()?;
    timeout(WRITE_LIMIT, socket.connect(gateway)).await.ok()?.ok()
}

/// Writes as much of `bytes` as the gateway takes.
async fn write(connection: &mut TcpStream, bytes: &[u8]) {
    // A gateway that closes the connection does what it should.
    timeout(WRITE_LIMIT, connection.write_all(bytes)).await.ok();
}

/// Has an abuser at work while others do what they do, and holds them against their promises.
async fn endured(
    drill: &mut Drill,
    abuse: impl AsyncFnOnce(&mut Drill) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let bystander = Bystander::start(&drill.system.gateway_addresses())?;
    let abused = abuse(drill).await;
    let seen = bystander.stop().await;
    drill.notes.push(seen.to_string());
    abused?;
    seen.ensure_usual()?;
    ensure_memory_limits(drill)
}

async fn half_sent_heads(drill: &mut Drill) -> anyhow::Result<()> {
    let count = drill.scale.pick(2_250, 100);
    let head = format!("GET /health/live HTTP/1.1\r\nhost: x\r\nx-pad: {}", "a".repeat(120 * 1024));
    endured(drill, async |drill| {
        let mut held = Vec::new();
        for gateway in drill.system.gateway_addresses() {
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
    endured(drill, async |drill| {
        let mut held = Vec::new();
        for gateway in drill.system.gateway_addresses() {
            for number in 0..count {
                // From several addresses, so that the bound on one is not what helps.
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
    forget_floods(drill).await
}

async fn taken_connections(drill: &mut Drill, addresses: u8) -> anyhow::Result<()> {
    endured(drill, async |drill| {
        let mut held = Vec::new();
        for gateway in drill.system.gateway_addresses() {
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
    const DESKS: usize = 8;
    // A day at two messages a second is 172,800; what costs more with each message shows before.
    flood(drill, 10, drill.scale.pick(20_000, 1_000), 100).await?;
    endured(drill, async |drill| {
        let gateways = drill.system.gateway_addresses();
        let http = reqwest::Client::builder().no_proxy().build()?;
        let desk = async |gateway: SocketAddr| -> anyhow::Result<()> {
            let url = format!(
                "http://{gateway}/api/unified-chat/conversations?status=pending,active&limit=200"
            );
            loop {
                let answer = http.get(&url).send().await?;
                ensure!(answer.status().is_success(), "a desk got {}", answer.status());
            }
        };
        let desks = gateways.iter().cycle().take(DESKS).map(|gateway| desk(*gateway));
        tokio::select! {
            ended = join_all(desks) => ended.into_iter().collect::<anyhow::Result<()>>(),
            () = drill.run_for(10) => Ok(()),
        }
    })
    .await?;
    forget_floods(drill).await
}

async fn one_message_id(drill: &mut Drill) -> anyhow::Result<()> {
    let times = drill.scale.pick(1_000, 50);
    endured(drill, async |drill| {
        let gateway = *drill.system.gateway_addresses().first().context("there is no gateway")?;
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
            .until("the first content is persisted", async |drill| {
                drill.system.has_persisted(&[request.id]).await.unwrap_or(false)
            })
            .await?;
        for number in 0..times {
            let mut body = request.body();
            if let Some(message) = body.as_object_mut() {
                message.insert("content".to_owned(), json!(format!("content {number}")));
            }
            let status = send(body).await?;
            // A gateway that remembers the id may refuse it.
            ensure!(matches!(status, 202 | 409), "content {number} was answered with {status}");
        }
        Ok(())
    })
    .await
}

async fn huge_body(drill: &mut Drill) -> anyhow::Result<()> {
    endured(drill, async |drill| {
        let stranger = Stranger::connect(drill.system.amqp_url()).await?;
        let events = vec![5; 100_000];
        let body = json!({ "version": 1, "events": events }).to_string();
        stranger.publish(body.as_bytes()).await?;
        drill.expected_dead = drill.expected_dead.map(|others| others + 1);
        drill
            .until("the body is one dead letter of each worker", async |drill| {
                drill.system.dead_letters().await.is_ok_and(|there| there == drill.expected_dead)
            })
            .await?;
        drill.run_for(10).await;
        Ok(())
    })
    .await
}

/// Gives each of `players` players a session of so many unanswered `messages` of so many `characters`, as
/// if they had been persisted one after the other.
async fn flood(drill: &Drill, players: i32, messages: i32, characters: i32) -> anyhow::Result<()> {
    let database = drill.system.database().await?;
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

/// Removes what [`flood`] made, which the audit knows nothing of.
async fn forget_floods(drill: &Drill) -> anyhow::Result<()> {
    let statements = ["chat_messages", "chat_sessions", "chat_conversations"]
        .map(|table| format!("DELETE FROM {table} WHERE player_id LIKE '{FLOODED}-%'"))
        .join("; ");
    Ok(drill.system.database().await?.batch_execute(&statements).await?)
}
