//! Whose read marks are kept, and which of them players see.

use clap::ValueEnum;
use serde::Serialize;
use utoipa::ToSchema;

/// Whose read marks are kept, and which of them players see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ReadMarkMode {
    /// No read marks
    Off,
    /// Staff see how far the player has read; players do not see how far staff have
    Staff,
    /// Both see how far the other has read
    Both,
}
