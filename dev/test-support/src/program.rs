use std::{
    net::SocketAddr,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::Api;

/// A service's program, in a process of its own.
pub struct Program {
    child: Child,
    addr: SocketAddr,
    metrics: SocketAddr,
}

/// The time after which container engines kill a process that was told to stop, unless they are told
/// another.
const TIME_UNTIL_KILLED: Duration = Duration::from_secs(10);

impl Program {
    /// Starts the program at `path`, and waits until it listens.
    pub(crate) async fn start(path: &str, arguments: &[String]) -> Self {
        let mut child = Command::new(path)
            .env_clear()
            .args(arguments)
            .args(["--log-format=json", "--log=info"])
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (addr, metrics) = loop {
            let line = lines.next_line().await.unwrap().expect("the program ended as it started");
            if let Some(addr) = address(&line, "listen") {
                break (addr, address(&line, "metrics_listen").unwrap_or(addr));
            }
        };
        // A pipe that nobody empties would stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, addr, metrics }
    }

    /// A client of it.
    pub fn api(&self) -> Api {
        Api::new(format!("http://{}", self.addr), format!("http://{}", self.metrics))
    }

    /// Sends it SIGTERM and waits until it has ended.
    ///
    /// # Panics
    /// When it would have been killed before.
    pub async fn stop(mut self) -> ExitStatus {
        let kill = format!("kill -TERM {}", self.child.id().unwrap());
        assert!(Command::new("sh").args(["-c", &kill]).status().await.unwrap().success());
        let ended = timeout(TIME_UNTIL_KILLED, self.child.wait()).await;
        ended.expect("it ends before it is killed").unwrap()
    }
}

/// The address that a line of the log gives as its field `name`.
fn address(line: &str, name: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(&format!(r#""{name}":""#))?;
    rest.split('"').next()?.parse().ok()
}
