//! Runs the scripts in `node/`, which hold Pusher's own clients, so that tests see what a browser
//! sees; the services' programs, so that tests see what an operator sees; and Prometheus, with the
//! rules and the queries of the dashboards.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "only tests link this crate, and a test fails by panicking"
)]

pub mod dashboards;
mod program;
mod prometheus;
mod watched;

pub use program::{PROGRAMS, Process, program};
pub use prometheus::{Prometheus, Rule, Series};
pub use watched::Watched;

use std::{path::PathBuf, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// How long a script may take to say something that it is sure to say.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running script; it ends with the value.
pub struct Script {
    _process: Child,
    commands: ChildStdin,
    facts: Lines<BufReader<ChildStdout>>,
}

impl Script {
    /// Starts `name` with `settings` in its environment.
    ///
    /// # Panics
    /// When Pusher's clients are not installed.
    pub fn start<'a>(name: &str, settings: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/node"));
        assert!(
            folder.join("node_modules").is_dir(),
            "Pusher's clients are not installed: run `npm ci` in dev/end-to-end/node (`make test` does)"
        );
        let mut process = Command::new("node")
            .arg(folder.join(name))
            .envs(settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node runs");
        let commands = process.stdin.take().expect("a stdin");
        let facts = BufReader::new(process.stdout.take().expect("a stdout")).lines();
        Self { _process: process, commands, facts }
    }

    /// The next fact for which `is_wanted` holds.
    ///
    /// # Panics
    /// When there is none for half a minute, saying `what` was waited for.
    pub async fn fact(&mut self, what: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let waiting = async {
            loop {
                let line = self.facts.next_line().await.expect("a line");
                let line = line.unwrap_or_else(|| panic!("the script ended before: {what}"));
                let fact = serde_json::from_str(&line).expect("JSON");
                if is_wanted(&fact) {
                    return fact;
                }
            }
        };
        let fact = tokio::time::timeout(PATIENCE, waiting).await;
        fact.unwrap_or_else(|_| panic!("never: {what}"))
    }

    /// The next line, whatever it says.
    ///
    /// # Panics
    /// When there is none for half a minute.
    pub async fn line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.facts.next_line()).await;
        line.expect("a line in time").expect("a line").expect("another line")
    }

    /// The next fact that has `field`.
    ///
    /// # Panics
    /// When there is none for half a minute.
    pub async fn fact_with(&mut self, field: &str) -> Value {
        self.fact(field, |fact| fact.get(field).is_some()).await
    }

    /// Gives the script a command.
    ///
    /// # Panics
    /// When it has ended.
    pub async fn command(&mut self, command: &Value) {
        let line = format!("{command}\n");
        self.commands.write_all(line.as_bytes()).await.expect("the script reads");
    }
}
