//! A gateway's program with its store of attachments, and a persister.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use chat::PlayerId;
use gateway::attachments::PlayerKey;
use nix::sys::signal::Signal;
use stack::{
    Clamd, Console, DatabaseRole, Running, S3Server, Service, Supervisor, Variables,
    service_variables,
};
use tempfile::TempDir;
use test_support::{JWT_SECRET, RunningService, System};

use crate::client::Client;

/// Where the attachments are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A directory.
    Disk,
    /// An S3 server.
    S3,
}

/// A system with attachments.
pub struct Deployment {
    /// The database and the queues.
    pub system: System,
    supervisor: Supervisor,
    gateway: Running,
    s3: Option<S3Server>,
    variables: Variables,
    _persister: RunningService,
    _directory: TempDir,
}

impl Deployment {
    /// Starts a system whose attachments are at `place`.
    pub async fn start(place: Place) -> Self {
        let (directory, supervisor) = supervisor().await;
        let s3 = match place {
            Place::Disk => None,
            Place::S3 => Some(S3Server::start(&supervisor).await.unwrap()),
        };
        Self::under(directory, supervisor, s3, &[]).await
    }

    /// Starts one whose attachments are scanned, and its scanner.
    pub async fn scanning() -> (Self, Clamd) {
        let (directory, supervisor) = supervisor().await;
        let clamd = Clamd::start(&supervisor).await.unwrap();
        let own = [("CLAMD_ADDRESS", clamd.address().to_string())];
        (Self::under(directory, supervisor, None, &own).await, clamd)
    }

    async fn under(
        directory: TempDir,
        supervisor: Supervisor,
        s3: Option<S3Server>,
        own: &[(&'static str, String)],
    ) -> Self {
        let system = System::new().await;
        let (database, broker) = (&system.database.url, &system.broker.url);
        let mut variables = service_variables(&supervisor, database, broker).unwrap();
        for (name, value) in [
            ("AUTH_MODE", "jwt"),
            ("AUTH_JWT_SECRET", JWT_SECRET),
            ("QUEUE_PREFIX", &system.broker.prefix),
            // Long, as many tests share the servers.
            ("BROKER_TIMEOUT", "10s"),
            ("SEND_TIMEOUT", "30s"),
            ("SHUTDOWN_DRAIN", "1ms"),
            ("SENDER_LIMIT", "0"),
            ("ADDRESS_LIMIT", "0"),
        ] {
            variables.set(name, value);
        }
        let settings = s3.iter().flat_map(|server| S3Server::settings(server.address()));
        for (name, value) in settings.chain(own.iter().cloned()) {
            variables.set(name, value);
        }
        let persister = system.persister().await;
        let gateway = start_gateway(&supervisor, "gateway", &variables, &[]).await;
        Self {
            system,
            supervisor,
            gateway,
            s3,
            variables,
            _persister: persister,
            _directory: directory,
        }
    }

    /// Starts a further gateway of the same settings and of the `own` ones.
    pub async fn another_gateway(&self, own: &[(&str, &str)]) -> Running {
        start_gateway(&self.supervisor, "gateway-2", &self.variables, own).await
    }

    /// A client of the gateway with a token.
    pub fn client(&self, token: &str) -> Client {
        Client::new(self.gateway.address, token)
    }

    /// Kills the gateway with SIGKILL, and waits until its successor is ready.
    pub async fn kill_gateway(&self) {
        let killed = self.gateway.process.identity();
        self.gateway.process.signal(Signal::SIGKILL);
        self.gateway.process.replaced(killed).await.unwrap();
        self.gateway.ready().await.unwrap();
    }

    /// Runs a command of the gateway's program, which must succeed.
    pub fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(binaries().join("gateway"));
        command.args(arguments).envs(self.variables.iter());
        let database = self.variables.get("DATABASE_URL").unwrap();
        command.env("DATABASE_URL", DatabaseRole::Reader.url(database));
        let Output { status, stdout, stderr } = command.output().unwrap();
        assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    /// The names of the objects of `player` in the store.
    pub async fn objects(&self, player: &str) -> Vec<String> {
        let key = PlayerKey::new(&PlayerId::try_from(player.to_owned()).unwrap());
        match &self.s3 {
            None => {
                let store = self.variables.get("ATTACHMENT_STORE").unwrap();
                files_below(&Path::new(store).join(key.to_string()))
            }
            Some(server) => {
                let (address, bucket) = (server.address(), S3Server::BUCKET);
                let list = format!("http://{address}/{bucket}?list-type=2&prefix=files/{key}/");
                let list = reqwest::get(list).await.unwrap().text().await.unwrap();
                let keys = list.split("<Key>").skip(1);
                keys.map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
            }
        }
    }

    /// Stops all processes.
    pub async fn stop(self) {
        self.supervisor.stop().await;
    }
}

async fn supervisor() -> (TempDir, Supervisor) {
    let directory = tempfile::tempdir().unwrap();
    let local = directory.path().join("local");
    let supervisor = Supervisor::take(&local, Console::Silent).await.unwrap();
    (directory, supervisor)
}

async fn start_gateway(
    supervisor: &Supervisor,
    name: &str,
    variables: &Variables,
    own: &[(&str, &str)],
) -> Running {
    let mut further = Variables::default();
    for (name, value) in own {
        further.set(name, *value);
    }
    Service::Gateway.start(supervisor, &binaries(), name, variables, &further).await.unwrap()
}

/// The programs of `cargo build --workspace`.
fn binaries() -> PathBuf {
    env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned()
}

fn files_below(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files_below(&path),
            false => vec![path.display().to_string()],
        })
        .collect()
}
