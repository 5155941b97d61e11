use std::time::Duration;

use chrono::TimeDelta;
use clap::{Args, ValueEnum};
use service::settings::duration;

/// Whether a feature is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// The feature is on
    On,
    /// The feature is off
    Off,
}

/// How sessions are assigned.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Assignment")]
pub struct AssignSettings {
    /// Whether the system assigns sessions without an assignee to the staff at their desks, the most urgent
    /// and oldest first. One persister of the system does so at a time
    #[arg(
        long,
        env = "AUTO_ASSIGN",
        value_enum,
        default_value = "off",
        help_heading = "Assignment"
    )]
    pub auto_assign: Switch,

    /// How long a player comes back to the member of the staff who had the player's last session, after that
    /// was resolved
    #[arg(
        long,
        env = "STICKY",
        default_value = "24h",
        value_parser = duration,
        value_name = "DURATION",
        help_heading = "Assignment"
    )]
    pub sticky: Duration,

    /// How long the desk of a member of the staff may send nothing until the sessions of that member in which
    /// the player waits for an answer are assigned anew. An open desk sends every 60 seconds
    #[arg(
        long,
        env = "GONE_AFTER",
        default_value = "270s",
        value_parser = duration,
        value_name = "DURATION",
        help_heading = "Assignment"
    )]
    pub gone_after: Duration,

    /// How many open sessions a member of the staff has before the system assigns no more, unless the token
    /// or the desk names another number
    #[arg(
        long,
        env = "STAFF_CAPACITY",
        default_value_t = 5,
        value_name = "NUMBER",
        value_parser = clap::value_parser!(u16).range(0..=1_000),
        help_heading = "Assignment"
    )]
    pub staff_capacity: u16,
}

impl AssignSettings {
    /// Whether sessions are assigned.
    pub fn is_on(&self) -> bool {
        self.auto_assign == Switch::On
    }

    pub(super) fn sticky(&self) -> TimeDelta {
        TimeDelta::from_std(self.sticky).unwrap_or(TimeDelta::MAX)
    }

    pub(super) fn gone_after(&self) -> TimeDelta {
        TimeDelta::from_std(self.gone_after).unwrap_or(TimeDelta::MAX)
    }
}
