use clap::{Args, Subcommand};

use super::{
    BrokerSettings, ConsumerKind,
    dead_letters::{DeadLetters, Filter},
};
use chat::{PlayerId, ValidationError};

/// The command for a worker's dead letters.
#[derive(Args, Clone, Debug)]
pub struct DeadLetterCommand {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    broker: BrokerSettings,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// List dead letters, oldest first, one JSON object per line, with the first 128 KiB of a body and its
    /// size in bytes; they stay in their queue
    List {
        /// The most dead letters to list
        #[arg(long, default_value_t = 100, value_name = "NUMBER")]
        limit: usize,

        #[command(flatten)]
        filter: FilterArguments,
    },
    /// Put dead letters back into the worker's queue, oldest first, once their cause is fixed
    Replay {
        /// The most dead letters to put back; by default all that are in the queue now
        #[arg(long, value_name = "NUMBER")]
        limit: Option<usize>,

        #[command(flatten)]
        filter: FilterArguments,
    },
    /// Delete dead letters permanently: all, or those that match
    Purge {
        #[command(flatten)]
        filter: FilterArguments,

        /// Confirm the deletion
        #[arg(long, required = true)]
        yes: bool,
    },
}

#[derive(Args, Clone, Debug)]
struct FilterArguments {
    /// Only dead letters whose reason contains this text
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Only dead letters with an event of this player's conversation
    #[arg(long, value_name = "PLAYER_ID", value_parser = player_id)]
    player: Option<PlayerId>,
}

fn player_id(text: &str) -> Result<PlayerId, ValidationError> {
    text.to_owned().try_into()
}

impl From<FilterArguments> for Filter {
    fn from(FilterArguments { reason, player }: FilterArguments) -> Self {
        Self { reason, player }
    }
}

impl DeadLetterCommand {
    /// Runs the action on `worker`'s dead letters, and prints the result.
    ///
    /// # Errors
    /// When RabbitMQ cannot be used at the moment.
    #[expect(clippy::print_stdout, reason = "the answer to a command of an operator")]
    pub async fn run(self, worker: ConsumerKind) -> anyhow::Result<()> {
        self.broker.check().map_err(anyhow::Error::msg)?;
        let letters = DeadLetters::open(&self.broker, worker).await?;
        match self.action {
            Action::List { limit, filter } => {
                for letter in letters.only(filter.into()).list(limit).await? {
                    let (reason, bytes) = (letter.reason, letter.size);
                    let body = String::from_utf8_lossy(&letter.body);
                    println!(
                        "{}",
                        serde_json::json!({ "reason": reason, "bytes": bytes, "body": body })
                    );
                }
            }
            Action::Replay { limit, filter } => {
                let limit = limit.unwrap_or(usize::MAX);
                let replayed = letters.only(filter.into()).replay(limit).await?;
                println!("{replayed} put back");
            }
            Action::Purge { filter, .. } => {
                println!("{} deleted", letters.only(filter.into()).purge().await?);
            }
        }
        Ok(())
    }
}
