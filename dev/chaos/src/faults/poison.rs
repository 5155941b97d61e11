//! The queues hold events that can never be processed, or could not be for a while.

use std::process::Stdio;

use anyhow::ensure;
use futures_util::FutureExt;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use serde_json::{Value, json};
use stack::Service;

use crate::{
    amqp_proxy::{AmqpProxy, Step},
    drill::Drill,
    fault::Fault,
    load::{Action, ClientRequest},
    plan::Plan,
};

pub(super) fn faults() -> Vec<Fault> {
    let fault =
        |name, description, inflict| Fault { name, description, plan: Plan::usual, inflict };
    vec![
        fault(
            "poison",
            "thousands of bodies that cannot be decoded, published to the exchange",
            |drill| unreadable(drill).boxed_local(),
        ),
        fault(
            "replay",
            "PostgreSQL refuses some messages; they are replayed afterwards",
            |drill| replayed(drill).boxed_local(),
        ),
        fault("replay-killed", "kill -9 of a running replay, again and again", |drill| {
            replay_killed(drill).boxed_local()
        }),
    ]
}

/// A publisher that is none of the services.
pub(super) struct ForeignPublisher {
    _connection: Connection,
    channel: Channel,
}

impl ForeignPublisher {
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
        ensure!(confirmation == Confirmation::Ack(None), "RabbitMQ answered {confirmation:?}");
        Ok(())
    }
}

const MEBIBYTE: usize = 1024 * 1024;

/// A body that cannot be decoded, of one of [`KINDS`] kinds; each becomes one dead letter of each
/// worker.
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

/// The message of a request as a gateway encodes it.
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
    let publisher = ForeignPublisher::connect(drill.deployment.amqp_url()).await?;
    let (count, large) = drill.scale.pick((3_000, 15 * MEBIBYTE), (40, MEBIBYTE));
    for _ in 0..count {
        // The last kind is large, and slow to publish.
        let kind = drill.random.usize(0..KINDS - 1);
        publisher.publish(&poison(kind, large)).await?;
    }
    let larges = drill.scale.pick(5, 1);
    for _ in 0..larges {
        publisher.publish(&poison(KINDS - 1, large)).await?;
    }
    // Beside a valid event in the same body.
    let mixed = drill.scale.pick(100, 5);
    for _ in 0..mixed {
        let request = ClientRequest::new("player-1".to_owned(), Action::PlayerWrites);
        let events = json!([{ "message": { "messageId": 5 } }, { "message": message(&request) }]);
        let body = json!({ "version": 1, "events": events }).to_string();
        publisher.publish(body.as_bytes()).await?;
        drill.load.ledger().accepted_elsewhere(&request);
    }
    let dead = count + larges + mixed;
    drill.expected_dead = drill.expected_dead.map(|others| others + dead);
    drill
        .wait_until("every poison event is a dead letter", async |drill| {
            drill.deployment.dead_letters().await.is_ok_and(|dead| dead == drill.expected_dead)
        })
        .await?;
    for service in [Service::Persister, Service::Broadcaster] {
        let limit = (dead + 1).to_string();
        let arguments = ["dead-letters", "list", "--limit", &limit];
        let mut listed = drill.deployment.command(service, &arguments);
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

/// Has PostgreSQL refuse the messages of some players until `count` are dead letters.
async fn refuse_some(drill: &mut Drill, count: u64) -> anyhow::Result<()> {
    let [before, _] = drill.deployment.dead_letters().await?;
    let refuse = "ALTER TABLE chat_messages ADD CONSTRAINT refused \
                  CHECK (player_id NOT IN ('player-1', 'player-2', 'player-3')) NOT VALID";
    drill.deployment.database().await?.batch_execute(refuse).await?;
    drill
        .wait_until("some are refused", async |drill| {
            drill
                .deployment
                .dead_letters()
                .await
                .is_ok_and(|[persister, _]| persister >= before + count)
        })
        .await?;
    let allow = "ALTER TABLE chat_messages DROP CONSTRAINT refused";
    drill.deployment.database().await?.batch_execute(allow).await?;
    Ok(())
}

/// Replays the persister's dead letters until none is left, as an operator does.
async fn replay(drill: &Drill) -> anyhow::Result<()> {
    let poison = drill.expected_dead;
    let mut replays = 0;
    while drill.deployment.dead_letters().await? != poison {
        let mut replay = drill.deployment.command(Service::Persister, &["dead-letters", "replay"]);
        let replayed = replay.output().await?;
        ensure!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
        replays += 1;
        ensure!(replays < 10, "replayed events become dead letters again");
    }
    Ok(())
}

async fn replayed(drill: &mut Drill) -> anyhow::Result<()> {
    refuse_some(drill, drill.scale.pick(100, 5)).await?;
    replay(drill).await
}

/// Kills a replay at each step of replaying a letter.
async fn replay_killed(drill: &mut Drill) -> anyhow::Result<()> {
    refuse_some(drill, drill.scale.pick(300, 20)).await?;
    let proxy = AmqpProxy::start(drill.deployment.amqp_url()).await?;
    for step in [Step::Publish, Step::Confirm, Step::Acknowledge] {
        let mut replay = drill.deployment.command(Service::Persister, &["dead-letters", "replay"]);
        let mut replay = replay.env("AMQP_URL", proxy.url()).stdout(Stdio::null()).spawn()?;
        proxy.hold(step, drill.scale.pick(50, 3)).await;
        // By SIGKILL.
        replay.kill().await?;
    }
    let [left, _] = drill.deployment.dead_letters().await?;
    drill.notes.push(format!("{left} dead letters were left when the last replay was killed"));
    replay(drill).await
}
