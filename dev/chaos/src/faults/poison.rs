//! Something that can never be dealt with is in the queues, or could not be dealt with for a while.

use std::process::Stdio;

use anyhow::ensure;
use chat;
use futures_util::FutureExt;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use serde_json::{Value, json};
use stack::Service;

use super::{Fault, Group};
use crate::{
    drill::Drill,
    load::{Action, ClientRequest},
    plan::Plan,
    proxy::{Proxy, Step},
};

pub(super) fn faults() -> Vec<Fault> {
    let fault = |name, what, inflict| Fault {
        name,
        group: Group::Poison,
        what,
        plan: Plan::usual,
        inflict,
    };
    vec![
        fault("poison", "thousands of unreadable bodies, straight into the exchange", |drill| {
            unreadable(drill).boxed_local()
        }),
        fault("replay", "PostgreSQL refuses some; they are put back once it does not", |drill| {
            replayed(drill).boxed_local()
        }),
        fault("replay-killed", "kill -9 of a replay half way, again and again", |drill| {
            replay_killed(drill).boxed_local()
        }),
    ]
}

/// A publisher that is not one of the services.
pub(super) struct Stranger {
    _connection: Connection,
    channel: Channel,
}

impl Stranger {
    pub(super) async fn connect(url: &str) -> anyhow::Result<Self> {
        let connection = Connection::connect(url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { _connection: connection, channel })
    }

    pub(super) async fn publish(&self, body: &[u8]) -> anyhow::Result<()> {
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let persistent = BasicProperties::default().with_delivery_mode(2);
        let publish = self.channel.basic_publish(
            "chat.events".into(),
            "accepted".into(),
            options,
            body,
            persistent,
        );
        let confirmation = publish.await?.await?;
        ensure!(confirmation == Confirmation::Ack(None), "RabbitMQ said {confirmation:?}");
        Ok(())
    }
}

const MEBIBYTE: usize = 1024 * 1024;

/// Messages that nobody can read, of every kind; each becomes one dead letter of each worker.
fn poison(kind: usize, large: usize) -> Vec<u8> {
    let event = |changes: Value| {
        let mut message = message(&ClientRequest::new("player-0".to_owned(), Action::PlayerWrites));
        if let (Some(message), Value::Object(changes)) = (message.as_object_mut(), changes) {
            message.extend(changes);
        }
        json!({ "version": 1, "events": [{ "message": message }] }).to_string().into_bytes()
    };
    match kind {
        0 => b"{\"version\": 1, \"events\": [{\"message\"".to_vec(),
        1 => br#"{"version": 2, "events": []}"#.to_vec(),
        2 => event(json!({ "content": 5 })),
        3 => event(json!({ "playerId": "p".repeat(10_000) })),
        4 => event(json!({ "acceptedAt": "yesterday" })),
        5 => vec![0xff; 100],
        6 => br#"{"version": 1, "events": [{"command": {}}]}"#.to_vec(),
        _ => event(json!({ "content": "m".repeat(large) })),
    }
}

const KINDS: usize = 8;

/// The message of a post as a gateway would put it into a body.
fn message(request: &ClientRequest) -> Value {
    json!({
        "messageId": request.id,
        "playerId": request.player,
        "senderType": "player",
        "content": request.content(),
        "acceptedAt": chat::now(),
    })
}

async fn unreadable(drill: &mut Drill) -> anyhow::Result<()> {
    let stranger = Stranger::connect(drill.system.amqp_url()).await?;
    let (count, large) = drill.scale.pick((3_000, 15 * MEBIBYTE), (40, MEBIBYTE));
    for _ in 0..count {
        // The large ones would take the time of all others.
        let kind = drill.random.usize(0..KINDS - 1);
        stranger.publish(&poison(kind, large)).await?;
    }
    let larges = drill.scale.pick(5, 1);
    for _ in 0..larges {
        stranger.publish(&poison(KINDS - 1, large)).await?;
    }
    // Beside a good one in the same body.
    let mixed = drill.scale.pick(100, 5);
    for _ in 0..mixed {
        let request = ClientRequest::new("player-1".to_owned(), Action::PlayerWrites);
        let events = json!([{ "message": { "messageId": 5 } }, { "message": message(&request) }]);
        let body = json!({ "version": 1, "events": events }).to_string();
        stranger.publish(body.as_bytes()).await?;
        drill.load.ledger().accepted_elsewhere(&request);
    }
    let dead = count + larges + mixed;
    drill.expected_dead = drill.expected_dead.map(|others| others + dead);
    drill
        .until("all poison is among the dead letters", async |drill| {
            drill.system.dead_letters().await.is_ok_and(|there| there == drill.expected_dead)
        })
        .await?;
    for service in [Service::Persister, Service::Broadcaster] {
        let limit = (dead + 1).to_string();
        let arguments = ["dead-letters", "list", "--limit", &limit];
        let mut listed = drill.system.command(service, &arguments);
        let listed = listed.output().await?;
        let mut letters = 0;
        for line in String::from_utf8_lossy(&listed.stdout).lines() {
            let letter: Value = serde_json::from_str(line)?;
            let reason = letter.get("reason").and_then(Value::as_str).unwrap_or_default();
            ensure!(!reason.is_empty(), "a dead letter without a reason: {letter}");
            letters += 1;
        }
        ensure!(letters == dead, "{letters} dead letters are listed instead of {dead}");
    }
    Ok(())
}

/// Has PostgreSQL refuse the messages of some players, until that many are dead letters.
async fn refuse_some(drill: &mut Drill, count: u64) -> anyhow::Result<()> {
    let [before, _] = drill.system.dead_letters().await?;
    let refuse = "ALTER TABLE chat_messages ADD CONSTRAINT refused \
                  CHECK (player_id NOT IN ('player-1', 'player-2', 'player-3')) NOT VALID";
    drill.system.database().await?.batch_execute(refuse).await?;
    drill
        .until("some are refused", async |drill| {
            drill
                .system
                .dead_letters()
                .await
                .is_ok_and(|[persister, _]| persister >= before + count)
        })
        .await?;
    let allow = "ALTER TABLE chat_messages DROP CONSTRAINT refused";
    drill.system.database().await?.batch_execute(allow).await?;
    Ok(())
}

/// Puts back what there is until nothing is left, as an operator does who looks again.
async fn replay(drill: &Drill) -> anyhow::Result<()> {
    let unreadable = drill.expected_dead;
    let mut replays = 0;
    while drill.system.dead_letters().await? != unreadable {
        let mut replay = drill.system.command(Service::Persister, &["dead-letters", "replay"]);
        let replayed = replay.output().await?;
        ensure!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
        replays += 1;
        ensure!(replays < 10, "what is put back comes again");
    }
    Ok(())
}

async fn replayed(drill: &mut Drill) -> anyhow::Result<()> {
    refuse_some(drill, drill.scale.pick(100, 5)).await?;
    replay(drill).await
}

/// At each step of putting one letter back, in the midst of the others.
async fn replay_killed(drill: &mut Drill) -> anyhow::Result<()> {
    refuse_some(drill, drill.scale.pick(300, 20)).await?;
    let way = Proxy::stand_before(drill.system.amqp_url()).await?;
    for step in [Step::Publish, Step::Confirm, Step::Acknowledge] {
        let mut replay = drill.system.command(Service::Persister, &["dead-letters", "replay"]);
        let mut replay = replay.env("AMQP_URL", way.url()).stdout(Stdio::null()).spawn()?;
        way.hold_up(step, drill.scale.pick(50, 3)).await;
        // Of tokio's own processes this is SIGKILL.
        replay.kill().await?;
    }
    let [left, _] = drill.system.dead_letters().await?;
    drill.notes.push(format!("{left} letters were left when the last replay was killed"));
    replay(drill).await
}
