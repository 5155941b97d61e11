//! The services' programs of the current or the previous release, started as operators do.

use std::{
    env,
    path::{Path, PathBuf},
};

use stack::{Console, Running, Service, Supervisor, Variables, service_variables};
use tempfile::TempDir;
use test_support::Api;

/// Long timeouts for a slow machine, and no rate limits.
const DEFAULTS: [(&str, &str); 7] = [
    ("BROKER_TIMEOUT", "10s"),
    ("SEND_TIMEOUT", "30s"),
    ("SHUTDOWN_DRAIN", "1ms"),
    ("SENDER_LIMIT", "0"),
    ("STAFF_SENDER_LIMIT", "0"),
    ("ADDRESS_LIMIT", "0"),
    ("LOCAL_PUSHER_ACCEPTED_EVENTS", "100000"),
];

/// The directory of a release's programs.
#[derive(Clone)]
pub struct Release(PathBuf);

impl Release {
    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.0
    }

    /// The programs of `cargo build --workspace`.
    pub fn current() -> Self {
        let own = env::current_exe().unwrap();
        Self(own.ancestors().nth(2).unwrap().to_owned())
    }

    /// The programs of the previous release.
    ///
    /// # Panics
    /// When they are not built.
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

/// Programs under a supervisor.
pub struct Programs {
    /// The supervisor.
    pub supervisor: Supervisor,
    /// The variables of all programs.
    pub variables: Variables,
    _directory: TempDir,
}

impl Programs {
    /// A supervisor in a directory of the test's own.
    pub async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let local = directory.path().join("local");
        let supervisor = Supervisor::take(&local, Console::Silent).await.unwrap();
        Self { supervisor, variables: Variables::default(), _directory: directory }
    }

    /// Sets the servers of programs that start from now on.
    pub fn use_servers(&mut self, database_url: &str, amqp_url: &str) {
        self.variables = service_variables(&self.supervisor, database_url, amqp_url).unwrap();
    }

    /// Starts a service as `name` with its `own` variables, and waits until it is ready.
    pub async fn start(
        &self,
        release: &Release,
        service: Service,
        name: &str,
        own: &[(&str, &str)],
    ) -> Running {
        let mut variables = Variables::default();
        for (name, value) in DEFAULTS.iter().chain(own) {
            variables.set(name, *value);
        }
        let shared = &self.variables;
        service.start(&self.supervisor, &release.0, name, shared, &variables).await.unwrap()
    }
}

/// A client of a gateway.
pub fn api(gateway: &Running) -> Api {
    Api::new(format!("http://{}", gateway.address), format!("http://{}", gateway.metrics))
}
