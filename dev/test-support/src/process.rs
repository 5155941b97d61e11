use std::{
    env,
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Child,
    sync::watch,
    time::timeout,
};

/// Upper bound of the wait for an expected line of output, or for the end of a process.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(180);

/// The default time between SIGTERM and SIGKILL of container engines.
const KILL_DELAY: Duration = Duration::from_secs(10);

/// The services' programs as they serve, and their commands that connect to a server.
pub const PROGRAMS: [&[&str]; 6] = [
    &["gateway"],
    &["persister"],
    &["broadcaster"],
    &["persister", "migrate"],
    &["persister", "dead-letters", "list"],
    &["broadcaster", "dead-letters", "list"],
];

/// A program of the workspace with its arguments and an empty environment.
///
/// # Panics
/// When the program is not built.
pub fn program(words: &[&str]) -> Command {
    let (name, arguments) = words.split_first().expect("the name of a program");
    let own = env::current_exe().expect("the path of this program");
    let path = own.ancestors().nth(2).expect("a target directory").join(name);
    assert!(path.exists(), "{} is missing: run `cargo build --workspace`", path.display());
    let mut command = Command::new(path);
    command.args(arguments).env_clear();
    command
}

/// A child process whose output is recorded. Dropping it kills the process.
pub struct ChildProcess {
    process: Child,
    output: watch::Receiver<String>,
}

impl ChildProcess {
    /// Starts `command`.
    ///
    /// # Panics
    /// When the process does not start.
    pub fn start(command: Command) -> Self {
        let mut command = tokio::process::Command::from(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn().expect("the program starts");
        let (recorded, output) = watch::channel(String::new());
        tokio::spawn(record(process.stdout.take().expect("a stdout"), recorded.clone()));
        tokio::spawn(record(process.stderr.take().expect("a stderr"), recorded));
        Self { process, output }
    }

    /// What the process has written to stdout and stderr so far.
    pub fn output(&self) -> String {
        self.output.borrow().clone()
    }

    /// Waits until the output contains `text`.
    ///
    /// # Panics
    /// When it does not within a minute.
    pub async fn wait_for_output(&mut self, text: &str) {
        let found = self.output.wait_for(|output| output.contains(text));
        let found = timeout(OUTPUT_TIMEOUT, found).await.map(|found| found.is_ok());
        assert_eq!(found, Ok(true), "missing: {text}; output: {}", self.output());
    }

    /// The value of the first `field=value` of the log, such as the address of `listen`.
    ///
    /// # Panics
    /// When no line has the field within a minute.
    pub async fn log_field(&mut self, field: &str) -> String {
        self.wait_for_output(&format!(" {field}=")).await;
        self.logged_field(field).expect("the output has the field")
    }

    /// The same, if the output has the field already.
    pub(crate) fn logged_field(&self, field: &str) -> Option<String> {
        let output = self.output();
        let (_, value) = output.split_once(&format!(" {field}="))?;
        value.split_whitespace().next().map(ToOwned::to_owned)
    }

    /// Sends SIGTERM and waits until the process has ended.
    ///
    /// # Panics
    /// When the process runs for longer than container engines wait by default.
    pub async fn stop(mut self) -> ExitStatus {
        let kill = format!("kill -TERM {}", self.process.id().expect("the process runs"));
        let signal = tokio::process::Command::new("sh").args(["-c", &kill]).status().await;
        assert!(signal.expect("a shell runs").success());
        let ended = timeout(KILL_DELAY, self.process.wait()).await;
        ended.expect("the process ends before it is killed").expect("an exit status")
    }

    /// Waits until the process ends by itself; returns its status and all of its output.
    ///
    /// # Panics
    /// When the process does not end within a minute.
    pub async fn wait(mut self) -> (ExitStatus, String) {
        let status = timeout(OUTPUT_TIMEOUT, self.process.wait()).await.expect("the process ends");
        // The output is complete once both pipes are closed.
        while timeout(OUTPUT_TIMEOUT, self.output.changed()).await.expect("closed pipes").is_ok() {}
        (status.expect("an exit status"), self.output())
    }
}

async fn record(output: impl AsyncRead + Unpin, recorded: watch::Sender<String>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        recorded.send_modify(|output| output.extend([&line, "\n"]));
    }
}
