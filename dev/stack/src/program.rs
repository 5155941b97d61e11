use std::{path::Path, time::Duration};

use nix::sys::signal::Signal;
use tokio::process::Command;

use crate::Probe;

/// What to start, and how to stop it.
#[derive(Debug)]
pub struct Program {
    /// How it is called in logs and in the directory; one of a name at a time.
    pub name: String,
    /// What is run, again and again if it ends.
    pub command: Command,
    /// When it is stopped, beside the others.
    pub rank: Rank,
    /// The signal that asks it to end.
    pub stop_signal: Signal,
    /// How long it may take to end before it is killed.
    pub stop_limit: Duration,
    /// What must answer before it is started, and before it is started again.
    pub needs: Option<Probe>,
    /// Whether its lines are worth the console's room.
    pub echoes: bool,
}

impl Program {
    /// A service: asked to end with SIGTERM, with the 10 seconds that every service may take.
    pub fn new(name: &str, program: impl AsRef<Path>) -> Self {
        Self {
            name: name.to_owned(),
            command: Command::new(program.as_ref()),
            rank: Rank::Service,
            stop_signal: Signal::SIGTERM,
            stop_limit: Duration::from_secs(10),
            needs: None,
            echoes: true,
        }
    }
}

/// The order in which processes are stopped: a lower one when all higher ones have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// What uses the servers.
    Service,
    /// PostgreSQL and RabbitMQ.
    Server,
    /// What a server needs until its own end.
    Helper,
}

impl Rank {
    pub(crate) const STOP_ORDER: [Self; 3] = [Self::Service, Self::Server, Self::Helper];
}
