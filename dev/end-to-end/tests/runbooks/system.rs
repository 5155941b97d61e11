//! A system like that of `make up`, with a Prometheus.

use std::{
    collections::BTreeSet,
    env,
    os::unix::fs::symlink,
    path::PathBuf,
    process::{Output, Stdio},
    time::{Duration, Instant},
};

use stack::{Console, FakeClock, Process, ServerSettings, Stack, Supervisor, Variables};
use tempfile::TempDir;
use test_support::{Prometheus, PusherControl, eventually_within};
use tokio::{process::Command, sync::Mutex};

use crate::{load::Load, page::Runbook, rules::hastened};

/// The longest wait for an alert, or for its end: restarted servers and services back off, and the
/// machine may be busy.
const LIMIT: Duration = Duration::from_secs(180);

/// Of the services and of their commands. Long, as the machine may be busy.
const BROKER_TIMEOUT: &str = "10s";

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy");

/// A system under load, in a folder in which the commands of deploy/operator.sh work.
pub struct OperatedSystem {
    /// The servers and the services.
    pub stack: Stack,
    /// The Pusher.
    pub pusher: PusherControl,
    /// The clock of the gateway, from its next restart on.
    pub gateway_clock: FakeClock,
    /// The clock of the persister, from its next restart on.
    pub persister_clock: FakeClock,
    /// The settings of the services.
    pub variables: Variables,
    prometheus: Prometheus,
    supervisor: Supervisor,
    folder: TempDir,
    /// The commands of runbooks that have run.
    tried: Mutex<BTreeSet<String>>,
    _load: Load,
    _rules: TempDir,
}

impl OperatedSystem {
    /// Starts the system.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        symlink(DEPLOY, folder.path().join("deploy")).unwrap();
        let local = folder.path().join(".local");
        let supervisor = Supervisor::take(&local, Console::Silent).await.unwrap();
        let [port] = supervisor.kept().ports(["RABBITMQ_METRICS_PORT"], false).unwrap();
        let mut settings = ServerSettings::default();
        settings.rabbitmq.plugins.push("rabbitmq_prometheus".to_owned());
        for (name, value) in [("ip", "127.0.0.1".to_owned()), ("port", port.to_string())] {
            settings.rabbitmq.further.push((format!("prometheus.tcp.{name}"), value));
        }
        let mut further = Variables::default();
        further.set("BROKER_TIMEOUT", BROKER_TIMEOUT);
        further.set("SEND_TIMEOUT", "5s");
        let stack = Stack::start(&supervisor, &programs(), &settings, &further).await.unwrap();
        let variables = Variables::read(&supervisor.environment_file()).unwrap();
        let services = &stack.services;
        let rules = hastened();
        let targets = [
            ("gateway", services.gateway.metrics),
            ("persister", services.persister.metrics),
            ("broadcaster", services.broadcaster.metrics),
            ("rabbitmq", ([127, 0, 0, 1], port).into()),
        ];
        let prometheus = Prometheus::watch_with_rules(rules.path(), "2s", &targets).await;
        let clock = |process: &Process, name: &str| {
            let clock = FakeClock::new(local.join(name)).unwrap();
            let mut variables = Variables::default();
            clock.set_variables(&mut variables);
            variables.iter().for_each(|(name, value)| process.set_variable(name, value));
            clock
        };
        let secret = variables.get("AUTH_JWT_SECRET").unwrap().to_owned();
        Self {
            pusher: PusherControl::new(services.local_pusher.address),
            gateway_clock: clock(&services.gateway.process, "gateway-clock"),
            persister_clock: clock(&services.persister.process, "persister-clock"),
            _load: Load::start(services.gateway.address, secret),
            stack,
            variables,
            prometheus,
            supervisor,
            folder,
            tried: Mutex::default(),
            _rules: rules,
        }
    }

    /// Stops everything.
    pub async fn stop(&self) {
        self.supervisor.stop().await;
    }

    /// The folder of the attachments.
    pub fn attachments(&self) -> PathBuf {
        self.supervisor.directory().join("attachments")
    }

    /// The names of all alerts.
    pub async fn all_alerts(&self) -> BTreeSet<String> {
        let rules = self.prometheus.rules().await;
        rules.into_iter().filter(|rule| rule.is_alert).map(|rule| rule.name).collect()
    }

    /// Waits until each of `alerts` has fired.
    pub async fn fires(&self, alerts: &[&str]) {
        let began = Instant::now();
        let mut missing = BTreeSet::from_iter(alerts.iter().map(|&alert| alert.to_owned()));
        eventually_within(LIMIT, &format!("all fire of {}", alerts.join(", ")), async || {
            let firing = self.prometheus.query("ALERTS{alertstate=\"firing\"}").await;
            for series in &firing {
                let alert = series.labels["alertname"].as_str().unwrap();
                if missing.remove(alert) {
                    eprintln!("{alert} fires after {:.1?}", began.elapsed());
                }
            }
            missing.is_empty().then_some(())
        })
        .await;
    }

    /// Prints the alerts and the targets, for a failure.
    pub async fn print_state(&self) {
        for series in self.prometheus.query("ALERTS or up").await {
            eprintln!("{} {:?}", series.labels, series.points);
        }
    }

    /// Waits until `alert` has fired with labels that match, as in `queue="chat.persist"`.
    pub async fn fires_with(&self, alert: &str, labels: &str) {
        let firing = format!("ALERTS{{alertname=\"{alert}\",alertstate=\"firing\",{labels}}}");
        eventually_within(LIMIT, &format!("{alert} fires with {labels}"), async || {
            (!self.prometheus.query(&firing).await.is_empty()).then_some(())
        })
        .await;
    }

    /// Waits until all of `alerts` have fired, and runs the commands with which their runbooks find the
    /// cause.
    pub async fn fires_and_is_checked(&self, alerts: &[&str]) {
        self.fires(alerts).await;
        self.check(alerts).await;
    }

    /// Runs the commands with which the runbooks of `alerts` find the cause.
    pub async fn check(&self, alerts: &[&str]) {
        let commands = alerts.iter().flat_map(|alert| Runbook::of(alert).check);
        self.run_all(commands.collect()).await;
    }

    /// Waits until none of `alerts` fires, and runs the commands with which their runbooks see that
    /// they are resolved.
    pub async fn is_resolved(&self, alerts: &[&str]) {
        let began = Instant::now();
        let names = alerts.join("|");
        let firing = format!("ALERTS{{alertname=~\"{names}\",alertstate=\"firing\"}}");
        eventually_within(LIMIT, &format!("none fires of {names}"), async || {
            self.prometheus.query(&firing).await.is_empty().then_some(())
        })
        .await;
        eventually_within(LIMIT, "no dependency is down", async || {
            (!self.run("ready").await.contains("\"down\"")).then_some(())
        })
        .await;
        eprintln!("{names} resolved after {:.1?}", began.elapsed());
        let commands = alerts.iter().flat_map(|alert| Runbook::of(alert).resolved);
        self.run_all(commands.collect()).await;
    }

    /// Runs those of `commands` that did not run before: many runbooks have the same.
    async fn run_all(&self, commands: BTreeSet<String>) {
        for command in commands {
            if !self.tried.lock().await.insert(command.clone()) {
                continue;
            }
            let began = Instant::now();
            self.run(&command).await;
            eprintln!("  {command}: {:.1?}", began.elapsed());
        }
    }

    /// Runs `command` as an operator does; returns its output.
    ///
    /// # Panics
    /// When it fails.
    pub async fn run(&self, command: &str) -> String {
        let output = self.start_command(command).await;
        let (text, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "`{command}`: {}: {errors}{text}", output.status);
        text.into_owned()
    }

    async fn start_command(&self, command: &str) -> Output {
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!(". deploy/operator.sh\n{command}"))
            .env("CARGO_TARGET_DIR", programs().parent().unwrap())
            .env("BROKER_TIMEOUT", BROKER_TIMEOUT)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        shell.output().await.unwrap()
    }
}

/// The folder of the programs of `cargo build`.
fn programs() -> PathBuf {
    env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned()
}
