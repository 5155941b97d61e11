use std::{
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::Context;
use nix::sys::signal::Signal;
use tokio::{
    process::Child,
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    Console, Identity, Process, Program, leftovers,
    log::Log,
    process::{Ending, Orders, State},
};

/// Waits before a program is started again: twice as long each time, until it ran steadily.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const STEADY: Duration = Duration::from_secs(30);
/// To end, for what was never ready: it has nothing to finish, and an Erlang node that still boots
/// would not hear the signal before it has booted.
const UNREADY_LIMIT: Duration = Duration::from_secs(2);
/// For the last lines of a process that has ended: another one may hold its output open.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Watches over one [`Process`] in a task of its own.
pub(crate) struct Watcher<'a> {
    pub(crate) directory: &'a Path,
    pub(crate) console: Console,
    pub(crate) log: Log,
    /// Told whenever a process was started.
    pub(crate) changes: watch::Sender<()>,
}

impl Watcher<'_> {
    /// Starts the program, and the task that watches over it.
    pub(crate) fn start(self, mut program: Program) -> io::Result<Process> {
        program
            .command
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env(leftovers::MARK, leftovers::mark(self.directory));
        let log = Arc::new(self.log);
        let name = program.name.clone();
        let rank = program.rank;
        let orders = Orders::default();
        let mut starter =
            Starter { program, directory: self.directory.into(), log: Arc::clone(&log) };
        let run = starter.start()?;
        let (sender, state) = watch::channel(State { identity: run.identity, ending: None });
        let task = Task {
            starter,
            console: self.console,
            changes: self.changes,
            orders: orders.clone(),
            state: sender,
        };
        tokio::spawn(task.watch(run));
        Ok(Process { name, rank, log, state, orders })
    }
}

/// One run of the program.
struct Run {
    child: Child,
    identity: Identity,
    output: JoinSet<io::Result<()>>,
    started: Instant,
}

/// Makes runs of the program, and notes each.
struct Starter {
    program: Program,
    directory: Box<Path>,
    log: Arc<Log>,
}

impl Starter {
    fn start(&mut self) -> io::Result<Run> {
        let mut child = self.program.command.spawn()?;
        let identity = child
            .id()
            .and_then(Identity::of)
            .ok_or_else(|| io::Error::other("/proc does not show the process"))?;
        let stop_signal = self.program.stop_signal;
        leftovers::record(&self.directory, &self.program.name, identity, stop_signal)?;
        let mut output = JoinSet::new();
        if let Some(stream) = child.stdout.take() {
            let log = Arc::clone(&self.log);
            output.spawn(async move { log.copy(stream).await });
        }
        if let Some(stream) = child.stderr.take() {
            let log = Arc::clone(&self.log);
            output.spawn(async move { log.copy(stream).await });
        }
        Ok(Run { child, identity, output, started: Instant::now() })
    }

    /// Cleans up after a run whose process has ended.
    async fn finish(&self, mut run: Run) {
        run.identity.signal_group(Signal::SIGKILL);
        leftovers::forget(&self.directory, &self.program.name);
        let drained = async { while run.output.join_next().await.is_some() {} };
        if timeout(LAST_LINES, drained).await.is_err() {
            run.output.abort_all();
        }
    }
}

struct Task {
    starter: Starter,
    console: Console,
    changes: watch::Sender<()>,
    orders: Orders,
    state: watch::Sender<State>,
}

impl Task {
    async fn watch(mut self, mut run: Run) {
        let mut pause = FIRST_PAUSE;
        loop {
            self.state.send_modify(|state| state.identity = run.identity);
            self.changes.send_replace(());
            let status = self.until_end(&mut run).await;
            let steady = run.started.elapsed() >= STEADY;
            self.starter.finish(run).await;
            let ending = ending(status);
            if self.close_unless_lasting(&ending) {
                return;
            }
            if steady {
                pause = FIRST_PAUSE;
            }
            let name = &self.starter.program.name;
            let how = &ending.how;
            let next = if *self.orders.held_back.borrow() {
                "it is held back"
            } else {
                "starting it again"
            };
            self.console.say(&format!("{name} ended ({how}), {next}"));
            run = match self.again(&mut pause).await {
                Some(run) => run,
                None => return self.close(ending),
            };
        }
    }

    /// Waits until the process ends, by itself or because it was told to.
    async fn until_end(&self, run: &mut Run) -> io::Result<ExitStatus> {
        tokio::select! {
            status = run.child.wait() => return status,
            () = self.orders.stop.cancelled() => {}
        }
        let program = &self.starter.program;
        let name = &program.name;
        let mut limit = program.stop_limit;
        if !self.orders.lasts.load(Ordering::SeqCst) {
            limit = limit.min(UNREADY_LIMIT);
        }
        run.identity.signal(program.stop_signal);
        // It may have been halted, and would not hear that.
        run.identity.signal(Signal::SIGCONT);
        tokio::select! {
            status = run.child.wait() => return status,
            () = self.orders.kill.cancelled() => {}
            () = sleep(limit) => {
                let seconds = limit.as_secs();
                self.console.say(&format!("{name} did not end within {seconds} s, killing it"));
            }
        }
        run.identity.signal(Signal::SIGKILL);
        run.child.wait().await
    }

    /// Starts the program again, as soon as that is possible; `None` when it shall stop instead.
    async fn again(&mut self, pause: &mut Duration) -> Option<Run> {
        loop {
            tokio::select! {
                () = self.orders.stop.cancelled() => return None,
                () = self.until_allowed(*pause) => {}
            }
            *pause = (*pause * 2).min(LONGEST_PAUSE);
            match self.attempt().await {
                Ok(run) => return Some(run),
                Err(error) => {
                    let name = &self.starter.program.name;
                    self.console.say(&format!("{name} cannot be started yet: {error:#}"));
                }
            }
        }
    }

    /// Waits for as long as `pause`, and for as long as the process is held back.
    async fn until_allowed(&self, pause: Duration) {
        sleep(pause).await;
        let mut held_back = self.orders.held_back.subscribe();
        // It cannot fail: the sender lives as long as this.
        held_back.wait_for(|held_back| !held_back).await.ok();
    }

    async fn attempt(&mut self) -> anyhow::Result<Run> {
        if let Some(needed) = &self.starter.program.needs {
            needed.ask().await.context("what it needs is away")?;
        }
        self.starter.program.command.envs(self.orders.variables().iter());
        Ok(self.starter.start()?)
    }

    /// Whether it was the end for good. Within the state's lock, so that who orders the process to
    /// last sees this ending, or this sees the order.
    fn close_unless_lasting(&self, ending: &Ending) -> bool {
        self.state.send_if_modified(|state| {
            let lasts = self.orders.lasts.load(Ordering::SeqCst);
            let closes = !lasts || self.orders.stop.is_cancelled();
            if closes {
                state.ending = Some(ending.clone());
            }
            closes
        })
    }

    fn close(self, ending: Ending) {
        self.state.send_modify(|state| state.ending = Some(ending));
    }
}

fn ending(status: io::Result<ExitStatus>) -> Ending {
    match status {
        Ok(status) => Ending { success: status.success(), how: status.to_string() },
        Err(error) => Ending { success: false, how: error.to_string() },
    }
}
