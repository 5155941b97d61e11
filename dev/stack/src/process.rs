use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use thiserror::Error;
use tokio::{
    process::Child,
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    Console, Identity, Probe, Program, Rank, Supervisor, Variables, log::Log, program::Output,
    records,
};

/// Waits before a restart: twice as long each time, until the program has run for `STEADY`.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const STEADY: Duration = Duration::from_secs(30);
/// The time to end after the signal, which is that of every service.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// The time to end for a server that was never ready: it has nothing to finish, and an Erlang node
/// that still boots ignores the signal.
const UNREADY_LIMIT: Duration = Duration::from_secs(2);
/// For the last lines of a process that has ended: another process may hold its output open.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What programs print when their port is in use: most of them; RabbitMQ for the port of its clients
/// and for that of other nodes; epmd.
const PORT_TAKEN: [&str; 4] =
    ["address already in use", "eaddrinuse", "dist_port_already_used", "already a epmd running"];

/// A running program. Once it has been ready it is restarted whenever it ends.
#[derive(Debug)]
pub struct Process {
    name: String,
    rank: Rank,
    log: Log,
    state: watch::Sender<State>,
    /// Set for each restart, in addition to those of the program.
    variables: Mutex<Variables>,
}

type Ending = Result<ExitStatus, io::ErrorKind>;

#[derive(Debug)]
struct State {
    identity: Identity,
    /// It was ready: it is restarted when it ends.
    restarts: bool,
    /// Restarts wait.
    suspended: bool,
    stop: Stop,
    /// It has ended and is not restarted.
    ended: Option<Ending>,
}

/// Whether and how a process is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stop {
    No,
    Signal,
    Kill,
}

/// The end of a process that was expected to run or to succeed.
#[derive(Debug, Error)]
#[error("{name} ended ({how}); its last lines:\n{tail}")]
pub(crate) struct Ended {
    name: String,
    /// Its exit status or signal.
    how: String,
    /// The end of its log.
    tail: String,
}

impl Ended {
    /// Whether the process ended because its port was in use.
    pub(crate) fn is_port_taken(&self) -> bool {
        let tail = self.tail.to_lowercase();
        PORT_TAKEN.iter().any(|words| tail.contains(words))
    }
}

impl Process {
    /// Starts `program` for a supervisor.
    pub(crate) fn start(
        supervisor: &Supervisor,
        mut program: Program,
    ) -> anyhow::Result<Arc<Self>> {
        // A backtrace of an error would push its cause out of the end of the log, and with it a port
        // that is in use.
        program.command.env("RUST_LIB_BACKTRACE", "0");
        program.command.process_group(0).kill_on_drop(true);
        if program.output != Output::Inherited {
            program.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        } else if io::stdin().is_terminal() {
            program.command.stdin(Stdio::null());
        }
        let console = match program.output {
            Output::Console => supervisor.console(),
            Output::LogFile | Output::Inherited => Console::Silent,
        };
        let directory = supervisor.directory().to_owned();
        let log = Log::open(&directory.join("logs"), &program.name, console)
            .context("cannot write a log file")?;
        let (child, identity) = spawn(&mut program, &directory)
            .with_context(|| format!("cannot start {}", program.name))?;
        let process = Arc::new(Self {
            name: program.name.clone(),
            rank: program.rank,
            log,
            state: watch::Sender::new(State {
                identity,
                restarts: false,
                suspended: false,
                stop: Stop::No,
                ended: None,
            }),
            variables: Mutex::default(),
        });
        let runner = Runner {
            program,
            directory,
            console: supervisor.console(),
            starts: supervisor.starts.clone(),
            process: Arc::clone(&process),
        };
        tokio::spawn(runner.run(child));
        Ok(process)
    }

    /// Its name in logs and in the directory.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn rank(&self) -> Rank {
        self.rank
    }

    /// The process that runs, or that ran last.
    pub fn identity(&self) -> Identity {
        self.state.borrow().identity
    }

    /// Waits for a good answer, and restarts the process whenever it ends from then on.
    ///
    /// # Errors
    /// When it ends for good, or does not answer within `limit`; then it keeps running.
    pub async fn ready(&self, probe: &Probe, limit: Duration) -> anyhow::Result<()> {
        let answer = tokio::select! {
            biased;
            ending = self.ended() => return Err(self.error(ending).into()),
            answer = probe.until_good(limit) => answer,
        };
        if let Err(answer) = answer {
            let (name, seconds, tail) = (&self.name, limit.as_secs(), self.log.tail());
            bail!("{name} was not ready within {seconds} s: {answer:#}; its last lines:\n{tail}");
        }
        let mut ended = None;
        self.state.send_modify(|state| {
            state.restarts = true;
            ended = state.ended;
        });
        ended.map_or(Ok(()), |ending| Err(self.error(ending).into()))
    }

    /// Waits until another process than `earlier` runs, because of a restart. `None` when it has
    /// ended for good.
    pub async fn replaced(&self, earlier: Identity) -> Option<Identity> {
        self.until(|state| state.identity != earlier || state.ended.is_some()).await;
        Some(self.identity()).filter(|identity| *identity != earlier)
    }

    /// From now on it is not restarted when it ends, until [`Self::resume_restart`] or a stop.
    pub fn suspend_restart(&self) {
        self.state.send_modify(|state| state.suspended = true);
    }

    /// Restarts it whenever it ends, and at once if it has ended meanwhile.
    pub fn resume_restart(&self) {
        self.state.send_modify(|state| state.suspended = false);
    }

    /// Sets a variable of the processes that later restarts start.
    pub fn set_variable(&self, name: &str, value: impl Into<String>) {
        self.variables.lock().unwrap_or_else(PoisonError::into_inner).set(name, value);
    }

    /// Sends a signal to the running process, if one runs. A process that a signal has suspended
    /// is continued by [`stop`](Self::stop).
    pub fn signal(&self, signal: Signal) {
        self.identity().signal(signal);
    }

    /// Asks it to end, kills it after its limit, and waits until it and its process group have ended.
    pub async fn stop(&self) {
        self.begin_stop(Stop::Signal);
        // Its exit status does not matter.
        self.ended().await.ok();
    }

    /// Waits until it has ended for good.
    ///
    /// # Errors
    /// When the system does not report how it ended.
    pub async fn wait(&self) -> io::Result<ExitStatus> {
        Ok(self.ended().await?)
    }

    pub(crate) fn begin_stop(&self, stop: Stop) {
        self.state.send_modify(|state| state.stop = state.stop.max(stop));
    }

    pub(crate) async fn ended(&self) -> Ending {
        self.until(|state| state.ended.is_some()).await;
        self.state.borrow().ended.unwrap_or(Err(io::ErrorKind::Other))
    }

    pub(crate) fn error(&self, ending: Ending) -> Ended {
        Ended { name: self.name.clone(), how: describe(ending), tail: self.log.tail() }
    }

    /// Notes the end of the process. Returns whether it is the end for good.
    fn close_unless_restarting(&self, ending: Ending) -> bool {
        self.state.send_if_modified(|state| {
            let closes = !state.restarts || state.stop > Stop::No;
            if closes {
                state.ended = Some(ending);
            }
            closes
        })
    }

    async fn until(&self, condition: impl FnMut(&State) -> bool) {
        // The sender lives as long as `self`.
        self.state.subscribe().wait_for(condition).await.ok();
    }
}

/// Runs the program of one [`Process`], and restarts it.
struct Runner {
    program: Program,
    directory: PathBuf,
    console: Console,
    starts: watch::Sender<()>,
    process: Arc<Process>,
}

impl Runner {
    async fn run(mut self, mut child: Child) {
        let mut pause = FIRST_PAUSE;
        loop {
            self.starts.send_replace(());
            let started = Instant::now();
            let output = self.copy_output(&mut child);
            let ending = self.until_end(&mut child).await.map_err(|error| error.kind());
            self.clean_up(output).await;
            if self.process.close_unless_restarting(ending) {
                return;
            }
            if started.elapsed() >= STEADY {
                pause = FIRST_PAUSE;
            }
            let suspended = self.process.state.borrow().suspended;
            let next = if suspended { "its restart is suspended" } else { "restarting it" };
            let name = &self.program.name;
            self.console.print(&format!("{name} ended ({}), {next}", describe(ending)));
            let Some(restarted) = self.restart(&mut pause).await else {
                self.process.state.send_modify(|state| state.ended = Some(ending));
                return;
            };
            child = restarted;
        }
    }

    fn copy_output(&self, child: &mut Child) -> JoinSet<io::Result<()>> {
        let mut output = JoinSet::new();
        if let Some(stream) = child.stdout.take() {
            let process = Arc::clone(&self.process);
            output.spawn(async move { process.log.copy(stream).await });
        }
        if let Some(stream) = child.stderr.take() {
            let process = Arc::clone(&self.process);
            output.spawn(async move { process.log.copy(stream).await });
        }
        output
    }

    /// Waits until the process ends, by itself or because it is stopped.
    async fn until_end(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let (program, process) = (&self.program, &self.process);
        tokio::select! {
            status = child.wait() => return status,
            () = process.until(|state| state.stop > Stop::No) => {}
        }
        let unready = program.rank == Rank::Server && !process.state.borrow().restarts;
        let limit = if unready { UNREADY_LIMIT } else { STOP_LIMIT };
        process.signal(program.stop_signal);
        // Until it continues, a suspended process does not receive the signal.
        process.signal(Signal::SIGCONT);
        tokio::select! {
            status = child.wait() => return status,
            () = process.until(|state| state.stop == Stop::Kill) => {}
            () = sleep(limit) => {
                let (name, seconds) = (&program.name, limit.as_secs());
                self.console.print(&format!("{name} did not end within {seconds} s, killing it"));
            }
        }
        process.signal(Signal::SIGKILL);
        child.wait().await
    }

    /// Cleans up after a process that has ended.
    async fn clean_up(&self, mut output: JoinSet<io::Result<()>>) {
        self.process.identity().signal_group(Signal::SIGKILL);
        records::forget(&self.directory, &self.program.name);
        let drained = async { while output.join_next().await.is_some() {} };
        // A process that still holds the output open writes no more to the log.
        timeout(LAST_LINES, drained).await.ok();
    }

    /// Starts the program again, as soon as that is possible. `None` when it is stopped instead.
    async fn restart(&mut self, pause: &mut Duration) -> Option<Child> {
        loop {
            let due = async {
                sleep(*pause).await;
                self.process.until(|state| !state.suspended).await;
            };
            tokio::select! {
                () = self.process.until(|state| state.stop > Stop::No) => return None,
                () = due => {}
            }
            *pause = (*pause * 2).min(LONGEST_PAUSE);
            let variables = self.process.variables.lock().unwrap_or_else(PoisonError::into_inner);
            self.program.command.envs(variables.iter());
            drop(variables);
            match spawn(&mut self.program, &self.directory) {
                Ok((child, identity)) => {
                    self.process.state.send_modify(|state| state.identity = identity);
                    return Some(child);
                }
                Err(error) => {
                    let name = &self.program.name;
                    self.console.print(&format!("{name} cannot be restarted yet: {error}"));
                }
            }
        }
    }
}

/// Starts and records the program.
fn spawn(program: &mut Program, directory: &Path) -> io::Result<(Child, Identity)> {
    let child = program.command.spawn()?;
    let identity = child
        .id()
        .and_then(Identity::of)
        .ok_or_else(|| io::Error::other("/proc does not show the process"))?;
    records::record(directory, &program.name, identity, program.stop_signal)?;
    Ok((child, identity))
}

fn describe(ending: Ending) -> String {
    ending.map_or_else(|kind| kind.to_string(), |status| status.to_string())
}
