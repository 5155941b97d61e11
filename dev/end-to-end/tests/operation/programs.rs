//! The services' programs, of this release or the one before, started as an operator does.

use std::{env, path::PathBuf};

use stack::{Console, Running, Service, Supervisor, Variables, service_variables};
use tempfile::TempDir;
use test_support::Api;

/// What a slow machine needs, and no test here is about.
const PATIENT: [(&str, &str); 7] = [
    ("BROKER_TIMEOUT", "10s"),
    ("SEND_TIMEOUT", "30s"),
    ("SHUTDOWN_DRAIN", "1ms"),
    ("SENDER_LIMIT", "0"),
    ("STAFF_SENDER_LIMIT", "0"),
    ("ADDRESS_LIMIT", "0"),
    ("LOCAL_PUSHER_ACCEPTED_EVENTS", "100000"),
];

/// Where programs are, and what they are told.
#[derive(Clone)]
pub struct Release(PathBuf);

impl Release {
    /// The one that `cargo build --workspace` makes.
    pub fn current() -> Self {
        let own = env::current_exe().unwrap();
        Self(own.ancestors().nth(2).unwrap().to_owned())
    }

    /// The one before.
    ///
    /// # Panics
    /// When it has not been built.
    pub fn previous() -> Self {
        let repository = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let commit = include_str!("../../../../.ci/previous-release").trim();
        let programs = repository.join(".local/previous").join(commit);
        assert!(
            programs.is_dir(),
            "the previous release is not built: run dev/scripts/previous-release.sh (`make test` does)"
        );
        Self(programs)
    }
}

/// A place to run programs in.
pub struct Programs {
    /// Who started them.
    pub supervisor: Supervisor,
    /// What they are told.
    pub variables: Variables,
    _directory: TempDir,
}

impl Programs {
    /// A place for servers and services of a test's own.
    pub async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("local");
        let supervisor = Supervisor::take(&place, Console::Silent).await.unwrap();
        Self { supervisor, variables: Variables::default(), _directory: directory }
    }

    /// From now on programs are told of these servers.
    pub fn tell_servers(&mut self, database_url: &str, amqp_url: &str) {
        self.variables = service_variables(&self.supervisor, database_url, amqp_url).unwrap();
    }

    /// Starts a service that is called `name`, with settings of its `own`, and waits until it is ready.
    pub async fn start(
        &self,
        release: &Release,
        service: Service,
        name: &str,
        own: &[(&str, &str)],
    ) -> Running {
        let mut variables = Variables::default();
        for (name, value) in PATIENT.iter().chain(own) {
            variables.set(name, *value);
        }
        let told = &self.variables;
        service.start(&self.supervisor, &release.0, name, told, &variables).await.unwrap()
    }
}

/// A client of a gateway.
pub fn api(gateway: &Running) -> Api {
    Api::new(format!("http://{}", gateway.address), format!("http://{}", gateway.metrics))
}
