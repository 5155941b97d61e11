use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use tokio::{
    sync::{OnceCell, watch},
    time::timeout,
};

use crate::{
    Console, Kept, Process, Program, Rank, TakeError, leftovers, lock::Lock, log::Log,
    watcher::Watcher,
};

/// Owns a directory and every process that was started for it. Processes of a supervisor that was
/// dropped without [`stop`](Self::stop), or killed, are stopped by the next one of the directory.
#[derive(Debug)]
pub struct Supervisor {
    directory: PathBuf,
    console: Console,
    kept: Kept,
    processes: Mutex<Vec<Arc<Process>>>,
    changes: watch::Sender<()>,
    /// Where epmd is, as soon as a node of RabbitMQ needs it.
    pub(crate) mapper: OnceCell<SocketAddr>,
    _lock: Lock,
}

impl Supervisor {
    /// Makes the directory if it is missing, takes it, and stops what an earlier supervisor left
    /// running in it.
    ///
    /// # Errors
    /// When another supervisor has it, or its files cannot be used.
    pub async fn take(directory: &Path, console: Console) -> Result<Self, TakeError> {
        let unusable = |source| TakeError::Unusable { directory: directory.to_owned(), source };
        let absolute = fs::create_dir_all(directory)
            .and_then(|()| directory.canonicalize())
            .map_err(|error| unusable(error.into()))?;
        let lock = Lock::take(&absolute).await?;
        let stopped = leftovers::stop(&absolute).await;
        if !stopped.is_empty() {
            let names = stopped.join(", ");
            console.say(&format!("stopped what an earlier run had left: {names}"));
        }
        let supervisor = Self {
            kept: Kept::open(&absolute).map_err(unusable)?,
            directory: absolute,
            console,
            processes: Mutex::default(),
            changes: watch::Sender::default(),
            mapper: OnceCell::new(),
            _lock: lock,
        };
        supervisor.remove_environment_file();
        Ok(supervisor)
    }

    /// The directory, as an absolute path.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where it is heard.
    pub fn console(&self) -> Console {
        self.console
    }

    /// What the directory keeps from one run to the next.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// The file that says where everything is. It is there while everything runs.
    pub fn environment_file(&self) -> PathBuf {
        self.directory.join("env")
    }

    /// Tells whenever a process was started, or started again.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Starts a program and watches over it from now on.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, program: Program) -> anyhow::Result<Arc<Process>> {
        let echo = program.echoes.then_some(self.console);
        let watcher = Watcher {
            directory: &self.directory,
            console: self.console,
            log: Log::open(&self.directory.join("logs"), &program.name, echo)
                .context("cannot write a log file")?,
            changes: self.changes.clone(),
        };
        let path = program.command.as_std().get_program().to_owned();
        let process =
            watcher.start(program).with_context(|| format!("cannot start {}", path.display()))?;
        let process = Arc::new(process);
        self.with_processes(|processes| processes.push(Arc::clone(&process)));
        Ok(process)
    }

    /// Runs a program that ends by itself.
    ///
    /// # Errors
    /// When it cannot be started, fails or does not end within `limit`; with its last lines.
    pub async fn run(&self, program: Program, limit: Duration) -> anyhow::Result<()> {
        let process = self.start(program)?;
        let ended = timeout(limit, process.ended()).await;
        match ended {
            Ok(ending) if ending.success => Ok(()),
            Ok(ending) => Err(process.not_ready(ending).into()),
            Err(_) => {
                process.stop().await;
                let (name, seconds) = (process.name(), limit.as_secs());
                anyhow::bail!("{name} did not end within {seconds} s")
            }
        }
    }

    /// Stops every process, those first that use the others, and waits until all have ended.
    pub async fn stop(&self) {
        for rank in Rank::STOP_ORDER {
            let processes = self.of_rank(rank);
            for process in &processes {
                process.order_stop();
            }
            for process in &processes {
                process.ended().await;
            }
        }
        leftovers::kill_marked(&self.directory).await;
        self.remove_environment_file();
    }

    /// Makes a [`stop`](Self::stop) that is under way, or comes, a short one: no process is asked to
    /// end any more, all are killed.
    pub fn kill(&self) {
        self.with_processes(|processes| {
            for process in processes {
                process.order_kill();
            }
        });
    }

    fn remove_environment_file(&self) {
        // Mostly there is none.
        fs::remove_file(self.environment_file()).ok();
    }

    fn of_rank(&self, rank: Rank) -> Vec<Arc<Process>> {
        self.with_processes(|processes| {
            let of_rank = processes.iter().filter(|process| process.rank == rank);
            of_rank.cloned().collect()
        })
    }

    fn with_processes<T>(&self, act: impl FnOnce(&mut Vec<Arc<Process>>) -> T) -> T {
        act(&mut self.processes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
