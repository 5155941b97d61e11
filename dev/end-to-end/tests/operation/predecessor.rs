//! A portal changes from V1.2 to this system and back on one database, in the steps of
//! docs/operations/upgrades.md, and its front end stays as it is.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use broker::ConsumerKind;
use serde_json::{Value, json};
use test_support::{
    Api, Broker, ChildProcess, Database, PusherServer, Role, Script, System, eventually, program,
};
use uuid::Uuid;

/// The portal's front end, as V1.2's description has it: two calls, two channels, two events.
struct FrontEnd {
    server: Api,
    events: Script,
    /// The player, the id and the content of each accepted message.
    sent: Vec<(&'static str, String, String)>,
}

impl FrontEnd {
    /// A front end that calls `server`, and stays connected to Pusher.
    async fn open(pusher: &PusherServer, server: Api) -> Self {
        let address = pusher.addr();
        let (host, port) = (address.ip().to_string(), address.port().to_string());
        let channels = ["staff-portal", "player-p1", "player-p2"];
        let names = channels.join(",");
        let settings = [
            ("PUSHER_KEY", "key"),
            ("PUSHER_HOST", &*host),
            ("PUSHER_PORT", &*port),
            ("CHANNELS", &*names),
        ];
        let mut events = Script::start("listen.mjs", settings);
        for _ in channels {
            events.fact_with("subscribed").await;
        }
        Self { server, events, sent: Vec::new() }
    }

    /// Sends a question of the player and an answer of the staff.
    async fn converse(&mut self, player: &'static str, words: &str) {
        self.send(player, "player", &format!("{words}: question")).await;
        self.send(player, "staff", &format!("{words}: answer")).await;
    }

    /// Sends a message, and waits until both portals have received it.
    async fn send(&mut self, player: &'static str, sender_type: &str, content: &str) {
        let id = Uuid::now_v7().to_string();
        let is_player = sender_type == "player";
        let (sender_id, name) = if is_player { (player, "Bo") } else { ("ada", "Ada") };
        let message = json!({
            "messageId": id, "playerId": player, "playerName": "Bo", "senderType": sender_type,
            "senderId": sender_id, "senderName": name, "content": content,
        });
        let answer = self.server.send(&message).await;
        assert_eq!((answer.status, &answer.json["success"]), (202, &json!(true)), "{answer:?}");
        assert_eq!(answer.json["messageId"], *id);
        let for_staff = if is_player { "new-player-message" } else { "message-sent" };
        let channel = format!("player-{player}");
        let mut missing = BTreeSet::from([("staff-portal", for_staff), (&channel, "message-sent")]);
        while !missing.is_empty() {
            let is_own = |fact: &Value| fact["data"]["messageId"] == *id;
            let fact = self.events.fact("events of the message", is_own).await;
            assert_eq!(fact["data"]["content"], content);
            let text = |field: &str| fact[field].as_str().unwrap().to_owned();
            let (from, event) = (text("channel"), text("event"));
            missing.retain(|one| *one != (&*from, &*event));
        }
        self.sent.push((player, id, content.to_owned()));
    }

    /// Waits until the history of `player` has each accepted message once; returns its messages.
    async fn history(&self, player: &str) -> Vec<Value> {
        let of_player = self.sent.iter().filter(|(of, ..)| *of == player);
        let expected: BTreeSet<_> =
            of_player.map(|(_, id, content)| (id.clone(), content.clone())).collect();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        eventually(&format!("all messages of {player}"), async || {
            let page = self.server.conversation(player, "limit=200").await;
            let messages = page.json["messages"].as_array()?.clone();
            let found = messages.iter();
            let found =
                found.map(|message| (text(&message["messageId"]), text(&message["content"])));
            let is_complete =
                messages.len() == expected.len() && found.collect::<BTreeSet<_>>() == expected;
            is_complete.then_some(messages)
        })
        .await
    }
}

/// V1.2, as dev/bench has it, with a database user of its own.
struct Predecessor {
    database: Database,
    user: String,
    pusher_port: u16,
}

impl Predecessor {
    /// Creates its user in `system`'s database.
    async fn new(system: &System) -> Self {
        let user = format!("v1_2_{}", Uuid::now_v7().simple());
        let own = format!("CREATE ROLE {user} LOGIN PASSWORD 'password'");
        for statement in [&own, &format!("GRANT USAGE, CREATE ON SCHEMA public TO {user}")] {
            system.database.run(statement).await;
        }
        let (_, server) = system.database.url.rsplit_once('@').unwrap();
        let database = Database { url: format!("postgres://{user}:password@{server}") };
        Self { database, user, pusher_port: system.pusher.addr().port() }
    }

    /// Starts it, and waits until it listens.
    async fn start(&self) -> (ChildProcess, Api) {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/express-v1.2"));
        assert!(
            folder.join("node_modules").is_dir(),
            "V1.2 is not installed: run `npm ci` in dev/bench/express-v1.2 (`make test` does)"
        );
        let port = self.pusher_port.to_string();
        let mut command = Command::new("node");
        command.arg(folder.join("src/main.js")).envs([
            ("DATABASE_URL", &*self.database.url),
            ("DATABASE_POOL_SIZE", "2"),
            ("PUSHER_APP_ID", "app"),
            ("PUSHER_KEY", "key"),
            ("PUSHER_SECRET", "secret"),
            ("PUSHER_SCHEME", "http"),
            ("PUSHER_HOST", "127.0.0.1"),
            ("PUSHER_PORT", &*port),
            ("CHAT_VERSION", "v1.2"),
            ("PORT", "0"),
        ]);
        let mut process = ChildProcess::start(command);
        process.wait_for_output("\"listening\"").await;
        let line: Value = serde_json::from_str(process.output().lines().next().unwrap()).unwrap();
        let base = format!("http://127.0.0.1:{}", line["listening"]);
        (process, Api::new(base.clone(), base))
    }

    /// Resolves the player's sessions, as V1.2's desk does.
    async fn resolve(&self, player: &str) {
        let resolve = format!(
            "UPDATE chat_sessions SET status = 'resolved'
             WHERE player_id = '{player}' AND status <> 'resolved'"
        );
        self.database.run(&resolve).await;
    }
}

fn psql(url: &str, arguments: &[&str], options: &str) -> Output {
    let mut command = Command::new("psql");
    command.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", url]);
    command.args(arguments).env("PGOPTIONS", options).output().unwrap()
}

/// Runs a command of the persister, which must succeed; returns its output.
fn persister(system: &System, arguments: &[&str], role: Role) -> String {
    let mut command = program(&[&["persister"], arguments].concat());
    let output = command.env("DATABASE_URL", role.url(&system.database.url)).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn import(system: &System) -> String {
    persister(system, &["predecessor", "import"], Role::Writer)
}

fn export(system: &System) -> String {
    persister(system, &["predecessor", "export"], Role::Writer)
}

/// The ids of the messages' sessions, each once.
fn sessions(messages: &[Value]) -> BTreeSet<&str> {
    messages.iter().map(|message| message["sessionId"].as_str().unwrap()).collect()
}

/// Asserts that the messages have the numbers from 1 on, each once.
fn assert_numbered(messages: &[Value]) {
    let numbers: BTreeSet<_> =
        messages.iter().map(|message| message["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=messages.len() as u64).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_changes_from_v1_2_and_back_and_keeps_every_conversation() {
    let system = System {
        database: Database::empty().await,
        broker: Broker::connect().await,
        pusher: PusherServer::start(),
    };
    let predecessor = Predecessor::new(&system).await;
    let queue = system.broker.names().queue(ConsumerKind::Persister);

    // V1.2 serves, with its tables in public.
    let (v1_2, server) = predecessor.start().await;
    let mut portal = FrontEnd::open(&system.pusher, server).await;
    portal.converse("p1", "at first").await;
    portal.converse("p2", "at first").await;
    portal.history("p2").await;
    predecessor.resolve("p2").await;

    // Its tables move, which happens once.
    v1_2.stop().await;
    let script = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/database"));
    let script = script.join("predecessor.sql").display().to_string();
    let user = format!("-c chat.v1_2_user={}", predecessor.user);
    for _ in 0..2 {
        let moved = psql(&system.database.url, &["--file", &script], &user);
        assert!(moved.status.success(), "{moved:?}");
    }
    persister(&system, &["migrate"], Role::Owner);
    let (v1_2, server) = predecessor.start().await;
    portal.server = server;
    portal.converse("p1", "beside this system's tables").await;
    portal.server.send(&json!({ "playerId": "p 3", "senderType": "player", "content": "?" })).await;
    let before = portal.history("p1").await;
    assert_eq!(sessions(&before).len(), 1);
    let of_p_3 = "SELECT count(*) FROM v1_2.chat_messages WHERE player_id = 'p 3'";
    eventually("V1.2 has stored the message of p 3", async || {
        (system.database.number(of_p_3).await == 1).then_some(())
    })
    .await;
    let printed = import(&system);
    assert!(printed.contains("of player \"p 3\": player_id may have only"), "{printed}");
    assert!(printed.contains("imported 6 messages and the ends of 1 sessions, left out 1 rows"));

    // This system serves. V1.2 has stored what it accepted once it has stopped.
    let (gateway, persister) = (system.gateway().await, system.persister().await);
    let broadcaster = system.broadcaster().await;
    portal.send("p1", "player", "the last message to V1.2").await;
    portal.server = gateway.api();
    portal.send("p1", "player", "the first message to this system").await;
    v1_2.stop().await;
    assert!(import(&system).contains("imported 1 messages and the ends of 0 sessions"));
    assert!(import(&system).contains("imported 0 messages and the ends of 0 sessions"));
    let messages = portal.history("p1").await;
    assert_numbered(&messages);
    assert_eq!(sessions(&messages).len(), 1);
    let api = gateway.api();
    let status = async |player: &str| {
        api.conversation(player, "").await.json["session"]["status"].as_str().unwrap().to_owned()
    };
    assert_eq!((&*status("p1").await, &*status("p2").await), ("active", "resolved"));
    portal.history("p2").await;
    api.change_status("p1", "resolved").await;
    eventually("the session is resolved", async || {
        (status("p1").await == "resolved").then_some(())
    })
    .await;
    portal.converse("p1", "in a session of this system").await;
    let messages = portal.history("p1").await;
    let newest = messages.last().unwrap()["sessionId"].clone();
    assert_eq!(sessions(&messages).len(), 2);

    // Back: V1.2 serves.
    assert!(export(&system).contains(" left out 0 messages"));
    let (v1_2, server) = predecessor.start().await;
    portal.send("p1", "player", "the last message to this system").await;
    portal.server = server;
    portal.converse("p1", "after the rollback").await;
    system.broker.wait_for_depth(&queue, 0).await;
    gateway.stop().await;
    persister.stop().await;
    broadcaster.stop().await;
    export(&system);
    let messages = portal.history("p1").await;
    assert_eq!(
        (messages.last().unwrap()["sessionId"].clone(), sessions(&messages).len()),
        (newest, 2)
    );
    portal.history("p2").await;
    predecessor.resolve("p1").await;
    portal.converse("p1", "in a session of V1.2").await;
    portal.history("p1").await;

    // Forth again.
    v1_2.stop().await;
    assert!(import(&system).contains("imported 4 messages and the ends of 1 sessions"));
    let gateway = system.gateway().await;
    portal.server = gateway.api();
    let messages = portal.history("p1").await;
    assert_numbered(&messages);
    assert_eq!(sessions(&messages).len(), 3);
    let conversation = gateway.api().conversation("p1", "").await.json;
    assert_eq!(conversation["session"]["id"], messages.last().unwrap()["sessionId"]);
    assert_eq!(conversation["session"]["status"], "active");

    // V1.2 would continue this system's session, and can write no table of this system.
    export(&system);
    let open = "SELECT id::text AS text FROM v1_2.chat_sessions
                WHERE player_id = 'p1' AND status <> 'resolved'";
    assert_eq!(json!(system.database.texts(open).await), json!([conversation["session"]["id"]]));
    let write = "UPDATE public.chat_messages SET content = 'forged'";
    let refused = psql(&predecessor.database.url, &["--command", write], "");
    let refused = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.contains("permission denied"), "{refused}");
}
