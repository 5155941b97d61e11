use std::{
    fs::{self, File, TryLockError},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::{
    sync::{OnceCell, watch},
    time::timeout,
};

use crate::{Console, Kept, Process, Program, Rank, process::Stop, records};

/// Owns a directory and every process that was started for it. The processes of a supervisor that
/// was dropped without [`stop`](Self::stop), or killed, are stopped by the directory's next one.
#[derive(Debug)]
pub struct Supervisor {
    directory: PathBuf,
    console: Console,
    kept: Kept,
    processes: Mutex<Vec<Arc<Process>>>,
    /// Changes with every start and restart of a process.
    pub(crate) starts: watch::Sender<()>,
    /// The address of epmd, from the first start of a RabbitMQ node on.
    pub(crate) epmd: OnceCell<SocketAddr>,
    /// A directory has one supervisor at a time. The kernel unlocks the file when this process ends.
    _lock: File,
}

impl Supervisor {
    /// Creates the directory, locks it, and stops the processes that an earlier supervisor left
    /// running.
    ///
    /// # Errors
    /// When another supervisor holds the lock, or the directory's files cannot be used.
    pub async fn take(directory: &Path, console: Console) -> anyhow::Result<Self> {
        let lock = lock(directory)?;
        let directory = directory.canonicalize()?;
        let stopped = records::stop_recorded(&directory).await;
        if !stopped.is_empty() {
            let names = stopped.join(", ");
            console.print(&format!("stopped processes of an earlier run: {names}"));
        }
        records::record_supervisor(&directory).context("cannot record the supervisor")?;
        let supervisor = Self {
            kept: Kept::open(&directory)?,
            directory,
            console,
            processes: Mutex::default(),
            starts: watch::Sender::default(),
            epmd: OnceCell::new(),
            _lock: lock,
        };
        supervisor.remove_environment_file();
        Ok(supervisor)
    }

    /// The directory, as an absolute path.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where it prints what it does.
    pub fn console(&self) -> Console {
        self.console
    }

    /// The values that the directory keeps from one run to the next.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// The file with the addresses, settings and process ids. It exists while everything runs.
    pub fn environment_file(&self) -> PathBuf {
        self.directory.join("env")
    }

    /// Starts a program.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, program: Program) -> anyhow::Result<Arc<Process>> {
        let process = Process::start(self, program)?;
        self.with_processes(|processes| processes.push(Arc::clone(&process)));
        Ok(process)
    }

    /// Runs a program that ends by itself.
    ///
    /// # Errors
    /// When it cannot be started, fails or does not end within `limit`; with its last lines.
    pub async fn run(&self, program: Program, limit: Duration) -> anyhow::Result<()> {
        let process = self.start(program)?;
        match timeout(limit, process.ended()).await {
            Ok(ending) if ending.is_ok_and(|status| status.success()) => Ok(()),
            Ok(ending) => Err(process.error(ending).into()),
            Err(_) => {
                process.stop().await;
                bail!("{} did not end within {} s", process.name(), limit.as_secs())
            }
        }
    }

    /// Stops every process in the order of their ranks, and waits until all have ended.
    pub async fn stop(&self) {
        for rank in Rank::STOP_ORDER {
            let processes = self.with_processes(|processes| {
                let of_rank = processes.iter().filter(|process| process.rank() == rank);
                Vec::from_iter(of_rank.cloned())
            });
            for process in &processes {
                process.begin_stop(Stop::Signal);
            }
            for process in &processes {
                process.stop().await;
            }
        }
        self.remove_environment_file();
    }

    /// Has a present or later [`stop`](Self::stop) kill all processes at once.
    pub fn kill(&self) {
        self.with_processes(|processes| {
            processes.iter().for_each(|process| process.begin_stop(Stop::Kill));
        });
    }

    fn remove_environment_file(&self) {
        // Usually there is none.
        fs::remove_file(self.environment_file()).ok();
    }

    fn with_processes<T>(&self, act: impl FnOnce(&mut Vec<Arc<Process>>) -> T) -> T {
        act(&mut self.processes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        records::forget_supervisor(&self.directory);
    }
}

fn lock(directory: &Path) -> anyhow::Result<File> {
    let open = || {
        fs::create_dir_all(directory)?;
        let mut options = File::options();
        options.write(true).create(true).truncate(false).open(directory.join("lock"))
    };
    let unusable = || format!("cannot use the directory {}", directory.display());
    let file = open().with_context(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("already running in {}: locked by another process", directory.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(unusable),
    }
}
