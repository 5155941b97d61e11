use std::path::{Path, PathBuf};

/// A program that the system is held against; `dev/bench/README.md` says what each does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// HTTP and JSON alone.
    Echo,
    /// A gateway that confirms each send by itself.
    ConfirmingGateway,
    /// `INSERT … SELECT FROM unnest … ON CONFLICT`.
    Unnest,
    /// Binary `COPY`.
    Copy,
    /// History from PostgreSQL and nothing else.
    History,
    /// Batches to Pusher and nothing else.
    PusherCaller,
    /// What the system replaces.
    Express,
}

impl Contender {
    /// How it is called.
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
