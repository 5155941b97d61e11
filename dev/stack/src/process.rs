use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use nix::sys::signal::Signal;
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Identity, Probe, Rank, Variables, log::Log};

/// What programs say when somebody else has their port: most of them; RabbitMQ of the port for its
/// clients and of the one for its like; epmd.
const PORT_TAKEN: [&str; 4] =
    ["address already in use", "eaddrinuse", "dist_port_already_used", "already a epmd running"];

/// A program that runs for a directory. Once it has been ready it is started again whenever it
/// ends; before that, its end is for the one who waits to judge.
#[derive(Debug)]
pub struct Process {
    pub(crate) name: String,
    pub(crate) rank: Rank,
    pub(crate) log: Arc<Log>,
    pub(crate) state: watch::Receiver<State>,
    pub(crate) orders: Orders,
}

/// What the holder of a [`Process`] wants of the one who watches over it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Orders {
    pub(crate) stop: CancellationToken,
    pub(crate) kill: CancellationToken,
    /// Whether to start it again when it ends.
    pub(crate) lasts: Arc<AtomicBool>,
    /// Whether to wait with that.
    pub(crate) held_back: watch::Sender<bool>,
    /// What it is told when it is started again, beside what it was told at first.
    variables: Arc<Mutex<Variables>>,
}

impl Orders {
    /// What it is told when it is started again, beside what it was told at first.
    pub(crate) fn variables(&self) -> Variables {
        self.variables.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What is known of a [`Process`].
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) identity: Identity,
    pub(crate) ending: Option<Ending>,
}

/// How a process ended for good.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) success: bool,
    pub(crate) how: String,
}

/// Why a process did not become ready.
#[derive(Debug, Error)]
pub enum NotReady {
    /// It ended.
    #[error("{name} ended ({how}); its last lines:\n{tail}")]
    Ended {
        /// The process.
        name: String,
        /// Its exit status or signal.
        how: String,
        /// The end of its log.
        tail: String,
    },
    /// It did not answer in time.
    #[error("{name} was not ready within {} s: {answer}; its last lines:\n{tail}", limit.as_secs())]
    Late {
        /// The process.
        name: String,
        /// The time it had.
        limit: Duration,
        /// What it answered last.
        answer: String,
        /// The end of its log.
        tail: String,
    },
}

impl NotReady {
    /// Whether the process ended because somebody else had its port.
    pub fn is_port_taken(&self) -> bool {
        let Self::Ended { tail, .. } = self else {
            return false;
        };
        let tail = tail.to_lowercase();
        PORT_TAKEN.iter().any(|words| tail.contains(words))
    }
}

impl Process {
    /// How it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process that runs now, or that ran last if it has just ended.
    pub fn identity(&self) -> Identity {
        self.state.borrow().identity
    }

    /// Waits until it gives a good answer, and from then on starts it again whenever it ends.
    ///
    /// # Errors
    /// When it ends for good or does not answer within `limit`; it is not stopped then.
    pub async fn ready(&self, probe: &Probe, limit: Duration) -> Result<(), NotReady> {
        tokio::select! {
            biased;
            ending = self.ended() => Err(self.not_ready(ending)),
            answer = probe.until_good(limit) => match answer {
                Ok(()) => self.last(),
                Err(answer) => Err(NotReady::Late {
                    name: self.name.clone(),
                    limit,
                    answer: format!("{answer:#}"),
                    tail: self.log.tail(),
                }),
            }
        }
    }

    /// Waits until a process other than `earlier` runs, because it was started again; `None` when it
    /// has ended for good.
    pub async fn replaced(&self, earlier: Identity) -> Option<Identity> {
        let mut state = self.state.clone();
        let changed = |state: &State| state.identity != earlier || state.ending.is_some();
        let identity = state.wait_for(changed).await.ok()?.identity;
        (identity != earlier).then_some(identity)
    }

    /// From now on it is not restarted when it ends, until [`Self::resume_restart`] or a stop.
    pub fn suspend_restart(&self) {
        self.orders.held_back.send_replace(true);
    }

    /// It is started again whenever it ends, as ever, and at once if it was held back meanwhile.
    pub fn resume_restart(&self) {
        self.orders.held_back.send_replace(false);
    }

    /// Sets a variable for it, of which it is told when it is started again.
    pub fn tell(&self, name: &str, value: impl Into<String>) {
        let mut variables = self.orders.variables.lock().unwrap_or_else(PoisonError::into_inner);
        variables.set(name, value);
    }

    /// Sends a signal to the process that runs now, if one does. One that a signal halts is set
    /// going by [`stop`](Self::stop), so that it can end in order.
    pub fn signal(&self, signal: Signal) {
        self.identity().signal(signal);
    }

    /// Asks it to end, kills it when its time is over, and waits until it and its process group
    /// have ended.
    pub async fn stop(&self) {
        self.order_stop();
        self.ended().await;
    }

    pub(crate) fn order_stop(&self) {
        self.orders.stop.cancel();
    }

    pub(crate) fn order_kill(&self) {
        self.orders.kill.cancel();
        self.orders.stop.cancel();
    }

    /// Waits until it has ended for good.
    pub(crate) async fn ended(&self) -> Ending {
        let mut state = self.state.clone();
        let ending = match state.wait_for(|state| state.ending.is_some()).await {
            Ok(state) => state.ending.clone(),
            Err(_) => None,
        };
        ending
            .unwrap_or_else(|| Ending { success: false, how: "it is no longer watched".to_owned() })
    }

    pub(crate) fn not_ready(&self, ending: Ending) -> NotReady {
        NotReady::Ended { name: self.name.clone(), how: ending.how, tail: self.log.tail() }
    }

    /// The order to last and the end of the process may cross each other.
    fn last(&self) -> Result<(), NotReady> {
        self.orders.lasts.store(true, Ordering::SeqCst);
        match self.state.borrow().ending.clone() {
            None => Ok(()),
            Some(ending) => Err(self.not_ready(ending)),
        }
    }
}
