use std::{path::PathBuf, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// Upper bound of the wait for an expected line.
const LINE_TIMEOUT: Duration = Duration::from_secs(30);

/// A running script of `dev/end-to-end/node`, with Pusher's own clients. It reads commands and
/// writes facts, each a line of JSON. Dropping it kills the process.
pub struct Script {
    _process: Child,
    commands: ChildStdin,
    facts: Lines<BufReader<ChildStdout>>,
}

impl Script {
    /// Starts the script `name` with `settings` in its environment.
    ///
    /// # Panics
    /// When Pusher's clients are not installed.
    pub fn start<'a>(name: &str, settings: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../end-to-end/node"));
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

    /// The next fact that `is_wanted` accepts; those before it are dropped. `description` is for
    /// the panic.
    ///
    /// # Panics
    /// When there is none within half a minute.
    pub async fn fact(&mut self, description: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let waiting = async {
            loop {
                let line = self.facts.next_line().await.expect("a line");
                let line = line.unwrap_or_else(|| panic!("the script ended before {description}"));
                let fact = serde_json::from_str(&line).expect("JSON");
                if is_wanted(&fact) {
                    return fact;
                }
            }
        };
        let fact = tokio::time::timeout(LINE_TIMEOUT, waiting).await;
        fact.unwrap_or_else(|_| panic!("no {description} within {LINE_TIMEOUT:?}"))
    }

    /// The next line.
    ///
    /// # Panics
    /// When there is none within half a minute.
    pub async fn line(&mut self) -> String {
        let line = tokio::time::timeout(LINE_TIMEOUT, self.facts.next_line()).await;
        line.expect("a line in time").expect("a line").expect("another line")
    }

    /// The next fact that has `field`.
    ///
    /// # Panics
    /// When there is none within half a minute.
    pub async fn fact_with(&mut self, field: &str) -> Value {
        self.fact(field, |fact| fact.get(field).is_some()).await
    }

    /// Sends `command` to the script.
    ///
    /// # Panics
    /// When the script has ended.
    pub async fn command(&mut self, command: &Value) {
        let line = format!("{command}\n");
        self.commands.write_all(line.as_bytes()).await.expect("the script reads");
    }
}
