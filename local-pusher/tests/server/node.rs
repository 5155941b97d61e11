//! Runs the scripts in `end-to-end/node/`, which hold Pusher's own clients.

use std::{collections::HashMap, net::SocketAddr, path::PathBuf, process::Stdio};

use pusher::App;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::harness::{PATIENCE, app};

/// A running script; it ends with the value.
pub struct Script {
    _process: Child,
    commands: ChildStdin,
    facts: Lines<BufReader<ChildStdout>>,
}

impl Script {
    /// Starts `name` with the application's settings and `settings` of its own.
    pub fn start(name: &str, server: SocketAddr, settings: &[(&str, &str)]) -> Self {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../end-to-end/node"));
        assert!(
            folder.join("node_modules").is_dir(),
            "Pusher's clients are not installed: run `npm ci` in end-to-end/node (`make test` does)"
        );
        let App { id, key, secret: _ } = app();
        let environment: HashMap<_, _> = settings.iter().copied().collect();
        let mut process = Command::new("node")
            .arg(folder.join(name))
            .env("PUSHER_APP_ID", id)
            .env("PUSHER_KEY", key)
            .env("PUSHER_SECRET", "the-secret")
            .env("PUSHER_HOST", server.ip().to_string())
            .env("PUSHER_PORT", server.port().to_string())
            .envs(environment)
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

    /// The next fact that has `field`.
    pub async fn fact_with(&mut self, field: &str) -> Value {
        self.fact(field, |fact| fact.get(field).is_some()).await
    }

    /// Gives the script a command.
    pub async fn command(&mut self, command: &Value) {
        let line = format!("{command}\n");
        self.commands.write_all(line.as_bytes()).await.expect("the script reads");
    }
}
