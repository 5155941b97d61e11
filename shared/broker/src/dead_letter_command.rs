use clap::{Args, Subcommand};

use super::{
    BrokerSettings, ConsumerKind,
    dead_letters::{DeadLetters, Filter},
};
use chat::{PlayerId, ValidationError};

/// What an operator does with a worker's dead letters.
#[derive(Args, Clone, Debug)]
pub struct DeadLetterCommand {
    #[command(subcommand)]
    verb: Verb,

    #[command(flatten)]
    broker: BrokerSettings,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// Show them, oldest first, one JSON object a line, which has the beginning of a large one and
    /// how many bytes it has as a whole; they stay where they are
    List {
        /// How many to show at most
        #[arg(long, default_value_t = 100, value_name = "NUMBER")]
        limit: usize,

        #[command(flatten)]
        filter: FilterArguments,
    },
    /// Put them back into the worker's queue, oldest first, once their cause is mended
    Replay {
        /// How many to put back at most; all that are there now, unless told
        #[arg(long, value_name = "NUMBER")]
        limit: Option<usize>,

        #[command(flatten)]
        filter: FilterArguments,
    },
    /// Delete them for good: all, or those that are meant
    Purge {
        #[command(flatten)]
        filter: FilterArguments,

        /// Say that this is meant
        #[arg(long, required = true)]
        yes: bool,
    },
}

#[derive(Args, Clone, Debug)]
struct FilterArguments {
    /// Only those whose reason contains this text
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Only those with an event of this player's conversation
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
    /// Does to `worker`'s dead letters what was asked, and prints what came of it.
    ///
    /// # Errors
    /// When RabbitMQ cannot be used at the moment.
    #[expect(clippy::print_stdout, reason = "the answer to a command of an operator")]
    pub async fn run(self, worker: ConsumerKind) -> anyhow::Result<()> {
        self.broker.check().map_err(anyhow::Error::msg)?;
        let letters = DeadLetters::open(&self.broker, worker).await?;
        match self.verb {
            Verb::List { limit, filter } => {
                for letter in letters.only(filter.into()).list(limit).await? {
                    let (reason, bytes) = (letter.reason, letter.size);
                    let body = String::from_utf8_lossy(&letter.body);
                    println!(
                        "{}",
                        serde_json::json!({ "reason": reason, "bytes": bytes, "body": body })
                    );
                }
            }
            Verb::Replay { limit, filter } => {
                let limit = limit.unwrap_or(usize::MAX);
                let replayed = letters.only(filter.into()).replay(limit).await?;
                println!("{replayed} put back");
            }
            Verb::Purge { filter, .. } => {
                println!("{} deleted", letters.only(filter.into()).purge().await?);
            }
        }
        Ok(())
    }
}
