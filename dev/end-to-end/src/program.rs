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

/// How long a program may take to say something that it is sure to say.
const PATIENCE: Duration = Duration::from_secs(60);

/// The services' programs, each as it is started to serve, and their commands that need a server.
pub const PROGRAMS: [&[&str]; 6] = [
    &["gateway"],
    &["persister"],
    &["broadcaster"],
    &["persister", "migrate"],
    &["persister", "dead-letters", "list"],
    &["broadcaster", "dead-letters", "list"],
];

/// One of the programs that `cargo build --workspace` makes, with its arguments, and with nothing in
/// its environment.
///
/// # Panics
/// When it has not been built.
pub fn program(words: &[&str]) -> Command {
    let (name, arguments) = words.split_first().expect("the name of a program");
    let own = env::current_exe().expect("the path of this program");
    let path = own.ancestors().nth(2).expect("where programs are built").join(name);
    assert!(path.exists(), "there is no {}: run `cargo build --workspace`", path.display());
    let mut command = Command::new(path);
    command.args(arguments).env_clear();
    command
}

/// A program that runs, and what it says; it ends with the value.
pub struct Process {
    process: Child,
    said: watch::Receiver<String>,
}

impl Process {
    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(command: Command) -> Self {
        let mut command = tokio::process::Command::from(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn().expect("the program starts");
        let (saying, said) = watch::channel(String::new());
        tokio::spawn(listen(process.stdout.take().expect("a stdout"), saying.clone()));
        tokio::spawn(listen(process.stderr.take().expect("a stderr"), saying));
        Self { process, said }
    }

    /// All that it has said so far.
    pub fn said(&self) -> String {
        self.said.borrow().clone()
    }

    /// Waits until it has said `what`.
    ///
    /// # Panics
    /// When it does not.
    pub async fn says(&mut self, what: &str) {
        let says = self.said.wait_for(|said| said.contains(what));
        let says = timeout(PATIENCE, says).await.map(|says| says.is_ok());
        assert_eq!(says, Ok(true), "never: {what}; but: {}", self.said());
    }

    /// What it says to be its `field`, such as the address of `listen`.
    ///
    /// # Panics
    /// When it says nothing of that.
    pub async fn tells(&mut self, field: &str) -> String {
        let field = format!(" {field}=");
        self.says(&field).await;
        let said = self.said();
        let (_, value) = said.split_once(&field).expect("it has said so");
        value.split_whitespace().next().unwrap_or_default().to_owned()
    }

    /// Waits until it has ended by itself; how it ended, and all that it has said.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let status = timeout(PATIENCE, self.process.wait()).await.expect("it ends");
        // When both of its outputs are closed, nobody is left who could change it.
        while timeout(PATIENCE, self.said.changed()).await.expect("it closes its outputs").is_ok() {
        }
        (status.expect("it ends"), self.said())
    }
}

async fn listen(output: impl AsyncRead + Unpin, saying: watch::Sender<String>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        saying.send_modify(|said| said.extend([&line, "\n"]));
    }
}
