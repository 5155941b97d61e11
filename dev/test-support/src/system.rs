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

/// A test's own system. The test starts the services that it needs.
pub struct System {
    /// The database.
    pub database: Database,
    /// The queues.
    pub broker: Broker,
    /// The Pusher.
    pub pusher: PusherServer,
}

/// A service that runs in the test's process.
pub struct RunningService {
    /// Its address.
    pub addr: SocketAddr,
    /// The address of its metrics; a worker's own address.
    pub metrics: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl RunningService {
    /// Begins to stop the service.
    pub fn begin_to_stop(&self) {
        self.stop.cancel();
    }

    /// Stops the service, and waits for its end.
    pub async fn stop(self) {
        self.begin_to_stop();
        self.task.await.unwrap();
    }

    /// Ends the service at once, as a crash does.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }

    /// A client of the service.
    pub fn api(&self) -> Api {
        Api::new(format!("http://{}", self.addr), format!("http://{}", self.metrics))
    }

    /// Waits until the service is ready.
    pub async fn ready(self) -> Self {
        let api = self.api();
        eventually("the service is ready", async || {
            (api.try_get("/health/ready").await == Some(200)).then_some(())
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

    /// Starts a gateway, and waits until it is ready.
    pub async fn gateway(&self) -> RunningService {
        self.gateway_with(&[]).ready().await
    }

    /// Starts a persister, and waits until it is ready.
    pub async fn persister(&self) -> RunningService {
        self.persister_with(&[]).ready().await
    }

    /// Starts a broadcaster, and waits until it is ready.
    pub async fn broadcaster(&self) -> RunningService {
        self.broadcaster_with(&[]).ready().await
    }

    /// Runs `persisters` persisters until every body in the queue is acknowledged.
    pub async fn work_off(&self, persisters: usize) {
        let queue = self.broker.names().queue(ConsumerKind::Persister);
        let consumers = self.broker.consumers(&queue).await;
        loop {
            let mut running = Vec::new();
            for _ in 0..persisters {
                running.push(self.persister().await);
            }
            self.broker.wait_for_depth(&queue, 0).await;
            // A persister that stops finishes its deliveries or requeues them.
            for persister in running {
                persister.stop().await;
            }
            // RabbitMQ requeues what a consumer held when it removes the consumer.
            eventually("the persisters' consumers are removed", async || {
                (self.broker.consumers(&queue).await <= consumers).then_some(())
            })
            .await;
            if self.broker.depth(&queue).await == Some(0) {
                return;
            }
        }
    }

    /// Starts a gateway that requires the tokens of [`token`](crate::token), with further settings,
    /// and waits until it is ready.
    pub async fn guarded_gateway(&self, settings: &[&str]) -> RunningService {
        let secret = format!("--auth-jwt-secret={JWT_SECRET}");
        self.gateway_with(&[&["--auth-mode=jwt", &secret], settings].concat()).ready().await
    }

    /// Erases a player's conversation.
    pub async fn erase(&self, player: &str) -> persister::store::Erased {
        let player = player.to_owned().try_into().unwrap();
        persister::store::erase(&mut self.database.connect_as(Role::Writer).await, &player)
            .await
            .unwrap()
    }

    /// Archives the messages of sessions that were resolved before `micros` after the epoch, and
    /// returns these messages.
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

    /// Starts a gateway; `settings` are command-line arguments that replace the defaults.
    pub fn gateway_with(&self, settings: &[&str]) -> RunningService {
        self.gateway_of(self.gateway_config(settings))
    }

    /// The parsed settings of a gateway, with other settings, each as on the command line.
    pub fn gateway_config(&self, settings: &[&str]) -> gateway::settings::Config {
        let arguments = self.gateway_settings();
        parse::<gateway::settings::Settings>(arguments, settings, Role::Reader).parse().unwrap()
    }

    /// Starts a gateway with parsed settings.
    pub fn gateway_of(&self, config: gateway::settings::Config) -> RunningService {
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
        RunningService { metrics, ..running }
    }

    /// Starts a persister; `settings` are command-line arguments that replace the defaults.
    pub fn persister_with(&self, settings: &[&str]) -> RunningService {
        let arguments = self.persister_settings();
        let settings = parse::<persister::settings::Settings>(arguments, settings, Role::Writer);
        start(async |listener, stop| persister::worker::run(settings, listener, stop).await)
    }

    /// Starts a broadcaster; `settings` are command-line arguments that replace the defaults.
    pub fn broadcaster_with(&self, settings: &[&str]) -> RunningService {
        let arguments = self.broadcaster_settings();
        let settings = parse::<broadcaster::settings::Settings>(arguments, settings, Role::Reader);
        start(async |listener, stop| broadcaster::worker::run(settings, listener, stop).await)
    }

    /// Starts the gateway's program at `path`; `settings` replace the defaults.
    pub async fn gateway_program(&self, path: &str, settings: &[&str]) -> Program {
        let mut arguments = self.gateway_settings();
        arguments.extend(
            ["--gateway-listen=127.0.0.1:0", "--gateway-metrics-listen=127.0.0.1:0"]
                .map(ToOwned::to_owned),
        );
        Program::start(path, &overridden(arguments, settings, Role::Reader)).await
    }

    /// Starts the persister's program at `path`; `settings` replace the defaults.
    pub async fn persister_program(&self, path: &str, settings: &[&str]) -> Program {
        let mut arguments = self.persister_settings();
        arguments.push("--persister-listen=127.0.0.1:0".to_owned());
        Program::start(path, &overridden(arguments, settings, Role::Writer)).await
    }

    /// Starts the broadcaster's program at `path`; `settings` replace the defaults.
    pub async fn broadcaster_program(&self, path: &str, settings: &[&str]) -> Program {
        let mut arguments = self.broadcaster_settings();
        arguments.push("--broadcaster-listen=127.0.0.1:0".to_owned());
        Program::start(path, &overridden(arguments, settings, Role::Reader)).await
    }

    fn gateway_settings(&self) -> Vec<String> {
        let mut arguments = self.broker_settings();
        arguments.extend(self.database_settings());
        arguments.extend(app_settings());
        // Long, so that a slow machine causes no 503.
        arguments.extend(["--auth-mode=off", "--send-timeout=30s"].map(ToOwned::to_owned));
        // Without rate limits; tests of limits set their own.
        let limits = ["sender-limit", "staff-sender-limit", "reader-limit", "address-limit"];
        arguments.extend(limits.map(|limit| format!("--{limit}=0")));
        // Without a drain period; tests of it set their own.
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
            // Channels without a prefix.
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
            // Long, as many tests share the broker.
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

/// Parses `arguments`, of which `others` replace those of the same name. The database is used as
/// `role`.
fn parse<S: Args>(arguments: Vec<String>, others: &[&str], role: Role) -> S {
    settings(overridden(arguments, others, role))
}

/// `arguments`, of which `others` replace those of the same name. The database is used as `role`.
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

fn start<F>(run: impl FnOnce(TcpListener, CancellationToken) -> F) -> RunningService
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
    RunningService { addr, metrics: addr, stop, task }
}
