//! `gateway attachments`: deletes files.

mod erase;
mod sweep;

use anyhow::Context;
use clap::{Args, Subcommand};

use self::{erase::EraseCommand, sweep::SweepCommand};
use crate::attachments::{Backend, StoreSettings};

/// The commands for stored files.
#[derive(Args, Clone, Debug)]
pub struct AttachmentCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    Erase(Box<EraseCommand>),
    Sweep(Box<SweepCommand>),
}

impl AttachmentCommand {
    /// Runs the command, and returns what it did.
    ///
    /// # Errors
    /// Names the invalid setting, or the server that cannot be used, or says why the sweep is refused.
    pub async fn run(self) -> anyhow::Result<String> {
        match self.action {
            Action::Erase(command) => command.run().await,
            Action::Sweep(command) => command.run().await,
        }
    }
}

/// The store of a command.
///
/// # Errors
/// Names the invalid setting, or the directory that does not exist.
fn open_store(settings: StoreSettings) -> anyhow::Result<Backend> {
    let config = settings.parse().map_err(anyhow::Error::msg)?;
    let config = config.context("ATTACHMENT_STORE must be given")?;
    Backend::open(&config).context("the store of attachments cannot be opened")
}

/// `number` of `what`.
fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
