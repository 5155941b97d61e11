use clap::{Args, Subcommand};

use super::{erase::EraseCommand, sweep::SweepCommand};

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

/// `number` of `what`.
pub(super) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
