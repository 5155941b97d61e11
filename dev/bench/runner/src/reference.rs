use std::path::{Path, PathBuf};

/// A program that the system is compared with; `dev/bench/README.md` describes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// HTTP and JSON alone.
    Echo,
    /// A gateway that publishes each send in a body of its own.
    ConfirmingGateway,
    /// `INSERT … SELECT FROM unnest … ON CONFLICT`.
    Unnest,
    /// Binary `COPY`.
    Copy,
    /// Pages of history from PostgreSQL.
    History,
    /// Batches of events to Pusher.
    PusherCaller,
    /// V1.2, the predecessor.
    Express,
}

impl Reference {
    /// The program's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::ConfirmingGateway => "confirming-gateway",
            Self::Unnest | Self::Copy => "unnest",
            Self::History => "history",
            Self::PusherCaller => "pusher-caller",
            Self::Express => "express",
        }
    }

    pub(crate) fn program(self, binaries: &Path) -> PathBuf {
        match self {
            Self::Express => "node".into(),
            _ => binaries.join(self.name()),
        }
    }

    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Copy => &["--copy"],
            Self::Express => &["dev/bench/express-v1.2/src/main.js"],
            _ => &[],
        }
    }
}
