use std::net::{SocketAddr, TcpListener};

use ::broker::ConsumerKind;
use chrono::DateTime;
use clap::Args;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    Api, Broker, Database, JWT_SECRET, Program, PusherServer, Role, eventually, pusher::app,
    settings,
};

const DATABASE_URL: &str = "--database-url=";

/// A system of one test's own, of which the test starts what it needs.
pub struct System {
    /// Its database.
    pub database: Database,
    /// Its queues.
    pub broker: Broker,
    /// Its Pusher.
    pub pusher: PusherServer,
}

/// A service that runs.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Where its metrics are; for the workers that is where they listen.
    pub metrics: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    /// Tells it to stop.
    pub fn begin_to_stop(&self) {
        self.stop.cancel();
    }

    /// Tells it to stop and waits until it has.
    pub async fn stop(self) {
        self.begin_to_stop();
        self.task.await.unwrap();
    }

    /// Ends it as a crash would: at once, whatever it does.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }

    /// A client of it.
    pub fn api(&self) -> Api {
        Api::new(format!("http://{}", self.addr), format!("http://{}", self.metrics))
    }

    /// Waits until it says that it is ready.
    pub async fn ready(self) -> Self {
        let api = self.api();
        eventually("the service is ready", async || {
            (api.get("/health/ready").await.status == 200).then_some(())
        })
        .await;
        self
    }
}

impl System {
    /// An empty system.
    pub async fn new() -> Self {
        Self {
            database: Database::create().await,
            broker: Broker::connect().await,
            pusher: PusherServer::start(),
        }
    }

    /// Starts a gateway that is ready.
    pub async fn gateway(&self) -> Running {
        self.gateway_with(&[]).ready().await
    }

    /// Starts a persister that is ready.
    pub async fn persister(&self) -> Running {
        self.persister_with(&[]).ready().await
    }

    /// Starts a broadcaster that is ready.
    pub async fn broadcaster(&self) -> Running {
        self.broadcaster_with(&[]).ready().await
    }

    /// Has `persisters` persisters at once work the queue off, until every body in it is
    /// acknowledged.
    pub async fn work_off(&self, persisters: usize) {
        let queue = self.broker.names().queue(ConsumerKind::Persister);
        loop {
            let mut running = Vec::new();
            for _ in 0..persisters {
                running.push(self.persister().await);
            }
            self.broker.wait_for_depth(&queue, 0).await;
            // Whoever stops finishes what it holds or gives it back.
            for persister in running {
                persister.stop().await;
            }
            if self.broker.depth(&queue).await == Some(0) {
                return;
            }
        }
    }

    /// Starts a gateway that asks for tokens like those that [`token`](crate::token) makes, with other
    /// settings, and waits until it is ready.
    pub async fn guarded_gateway(&self, settings: &[&str]) -> Running {
        let secret = format!("--auth-jwt-secret={JWT_SECRET}");
        self.gateway_with(&[&["--auth-mode=jwt", &secret], settings].concat()).ready().await
    }

    /// Erases a player's conversation, as an operator does.
    pub async fn erase(&self, player: &str) -> persister::store::Erased {
        let player = player.to_owned().try_into().unwrap();
        persister::store::erase(&mut self.database.connect_as(Role::Writer).await, &player)
            .await
            .unwrap()
    }

    /// Archives the messages of sessions that were resolved earlier than `micros` after the epoch, and
    /// says which these are.
    pub async fn archive(&self, micros: i64) -> Vec<persister::store::ArchivedMessage> {
        let before = DateTime::from_timestamp_micros(micros).unwrap();
        let mut lines = Vec::new();
        let mut keep = |messages: &[persister::store::ArchivedMessage]| {
            for message in messages {
                lines.push(serde_json::from_str(&serde_json::to_string(message)?)?);
            }
            Ok(())
        };
        let connection = &mut self.database.connect_as(Role::Writer).await;
        let archived = persister::store::archive(connection, before, &mut keep).await.unwrap();
        assert_eq!(archived, lines.len());
        lines
    }

    /// Starts a gateway with other settings, each as on the command line.
    pub fn gateway_with(&self, settings: &[&str]) -> Running {
        self.gateway_of(self.gateway_config(settings))
    }

    /// The parsed settings of a gateway, with other settings, each as on the command line.
    pub fn gateway_config(&self, settings: &[&str]) -> gateway::settings::Config {
        let arguments = self.gateway_settings();
        parse::<gateway::settings::Settings>(arguments, settings, Role::Reader).parse().unwrap()
    }

    /// Starts a gateway with parsed settings.
    pub fn gateway_of(&self, config: gateway::settings::Config) -> Running {
        let authenticator = gateway::auth::Authenticator::new(&config.auth).unwrap();
        let metrics_listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let metrics = metrics_listener.local_addr().unwrap();
        let running = start(async |listener, stop| {
            let gateway = gateway::startup::Gateway::build(
                config,
                authenticator,
                listener,
                metrics_listener,
                stop,
            );
            gateway?.run_until_stopped().await
        });
        Running { metrics, ..running }
    }

    /// Starts a persister with other settings, each as on the command line.
    pub fn persister_with(&self, settings: &[&str]) -> Running {
        let arguments = self.persister_settings();
        let settings = parse::<persister::settings::Settings>(arguments, settings, Role::Writer);
        start(async |listener, stop| persister::worker::run(settings, listener, stop).await)
    }

    /// Starts a broadcaster with other settings, each as on the command line.
    pub fn broadcaster_with(&self, settings: &[&str]) -> Running {
        let arguments = self.broadcaster_settings();
        let settings = parse::<broadcaster::settings::Settings>(arguments, settings, Role::Reader);
        start(async |listener, stop| broadcaster::worker::run(settings, listener, stop).await)
    }

    /// Starts the gateway's program at `path` with other settings.
    pub async fn gateway_program(&self, path: &str, settings: &[&str]) -> Program {
        let mut arguments = self.gateway_settings();
        arguments.extend(
            ["--gateway-listen=127.0.0.1:0", "--gateway-metrics-listen=127.0.0.1:0"]
                .map(ToOwned::to_owned),
        );
        Program::start(path, &overridden(arguments, settings, Role::Reader)).await
    }

    /// Starts the persister's program at `path` with other settings.
    pub async fn persister_program(&self, path: &str, settings: &[&str]) -> Program {
        let mut arguments = self.persister_settings();
        arguments.push("--persister-listen=127.0.0.1:0".to_owned());
        Program::start(path, &overridden(arguments, settings, Role::Writer)).await
    }

    /// Starts the broadcaster's program at `path` with other settings.
    pub async fn broadcaster_program(&self, path: &str, settings: &[&str]) -> Program {
        let mut arguments = self.broadcaster_settings();
        arguments.push("--broadcaster-listen=127.0.0.1:0".to_owned());
        Program::start(path, &overridden(arguments, settings, Role::Reader)).await
    }

    fn gateway_settings(&self) -> Vec<String> {
        let mut arguments = self.broker_settings();
        arguments.extend(self.database_settings());
        arguments.extend(app_settings());
        // As long as the broker's own, so that a slow machine makes no 503.
        arguments.extend(["--auth-mode=off", "--send-timeout=30s"].map(ToOwned::to_owned));
        // Only those of the tests about limits are to meet one.
        let limits = ["sender-limit", "staff-sender-limit", "reader-limit", "address-limit"];
        arguments.extend(limits.map(|limit| format!("--{limit}=0")));
        // No test's clients need to be led elsewhere, but for those of the tests about it.
        arguments.push("--shutdown-drain=1ms".to_owned());
        arguments
    }

    fn persister_settings(&self) -> Vec<String> {
        let mut arguments = self.broker_settings();
        arguments.extend(self.database_settings());
        arguments
    }

    fn broadcaster_settings(&self) -> Vec<String> {
        let mut arguments = self.broker_settings();
        arguments.extend(app_settings());
        let addr = self.pusher.addr();
        arguments.extend([
            // The names that a broadcaster's test reads have no prefix.
            "--pusher-channel-access=public".to_owned(),
            "--pusher-scheme=http".to_owned(),
            format!("--pusher-host={}", addr.ip()),
            format!("--pusher-port={}", addr.port()),
        ]);
        arguments
    }

    fn broker_settings(&self) -> Vec<String> {
        vec![
            format!("--amqp-url={}", self.broker.url),
            format!("--queue-prefix={}", self.broker.prefix),
            // Many tests at once make a broker slow on a small machine.
            "--broker-timeout=10s".to_owned(),
        ]
    }

    fn database_settings(&self) -> Vec<String> {
        vec![format!("{DATABASE_URL}{}", self.database.url)]
    }
}

fn app_settings() -> Vec<String> {
    let app = app();
    vec![
        format!("--pusher-app-id={}", app.id),
        format!("--pusher-key={}", app.key),
        "--pusher-secret=secret".to_owned(),
    ]
}

/// The settings that `arguments` make, but for those that `others` give. A database among them is used as
/// `role`.
fn parse<S: Args>(arguments: Vec<String>, others: &[&str], role: Role) -> S {
    settings(overridden(arguments, others, role))
}

/// `arguments`, but for those that `others` give. A database among them is used as `role`.
fn overridden(mut arguments: Vec<String>, others: &[&str], role: Role) -> Vec<String> {
    let name = |argument: &str| argument.split('=').next().unwrap().to_owned();
    arguments.retain(|argument| others.iter().all(|other| name(other) != name(argument)));
    arguments.extend(others.iter().map(|&other| other.to_owned()));
    let with_role = |argument: String| match argument.strip_prefix(DATABASE_URL) {
        Some(url) => format!("{DATABASE_URL}{}", role.url(url)),
        None => argument,
    };
    arguments.into_iter().map(with_role).collect()
}

fn start<F>(run: impl FnOnce(TcpListener, CancellationToken) -> F) -> Running
where
    F: Future<Output: std::fmt::Debug> + Send + 'static,
{
    service::install_crypto();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let running = run(listener, stop.clone());
    let task = tokio::spawn(async move {
        let ended = running.await;
        assert!(format!("{ended:?}").starts_with("Ok"), "{ended:?}");
    });
    Running { addr, metrics: addr, stop, task }
}
