use std::path::PathBuf;

use anyhow::Context;
use broker::{BrokerSettings, ConsumerKind, dead_letters::DeadLetters};
use chat::PlayerId;
use clap::Args;
use database::{DatabaseSettings, connect};
use diesel_async::AsyncPgConnection;

use super::arguments::id;
use crate::{
    archive::{Archive, ArchiveLock},
    store::{self, Erased},
};

/// Erase what was said in one player's conversation, and keep that it was held
///
/// The contents of all messages, the names of their senders and the player's name go. Ids, times,
/// seq, sessions and counts stay, who is told apart by an id, and the record of what staff did
/// (`persister audit`). What was accepted before and is persisted later is erased when it comes,
/// from the queue or from the dead letters; what is accepted from now on is not. It may be run
/// beside persisters, and again; a player of whom nothing is stored is no failure.
///
/// What was archived is erased in the files that HISTORY_ARCHIVE_DIR has; without it, it says
/// whether anything was.
///
/// It cannot reach dead letters: it says how many of the persister's and the broadcaster's name
/// the player; `dead-letters list` shows them, and `dead-letters purge --yes` ends them. Nor can
/// it reach backups, copies of the archive, or what PostgreSQL keeps of old rows until it vacuums
/// them. What waits to be broadcast is broadcast.
#[derive(Args, Clone, Debug)]
pub struct EraseCommand {
    /// Whose conversation
    #[arg(long, value_name = "ID", value_parser = id::<PlayerId>)]
    player: PlayerId,

    /// Say that this is meant
    #[arg(long, required = true)]
    yes: bool,

    /// The directory that archived messages are in, in which they are erased as well
    #[arg(long, env = "HISTORY_ARCHIVE_DIR", value_name = "DIRECTORY")]
    history_archive_dir: Option<PathBuf>,

    #[command(flatten)]
    database: DatabaseSettings,

    #[command(flatten)]
    broker: BrokerSettings,
}

impl EraseCommand {
    /// Erases, and prints what came of it.
    ///
    /// # Errors
    /// When the database or RabbitMQ cannot be used at the moment. To begin again does no harm.
    #[expect(clippy::print_stdout, reason = "the answer to a command of an operator")]
    pub async fn run(self) -> anyhow::Result<()> {
        self.database.check().map_err(anyhow::Error::msg)?;
        self.broker.check().map_err(anyhow::Error::msg)?;
        let mut connection = connect(&self.database).await?;
        let Erased { messages, sessions } = store::erase(&mut connection, &self.player).await?;
        let what = format!("{} of {}", count(messages, "message"), count(sessions, "session"));
        match messages {
            0 => println!("erased {what}: nothing of player {} was left", self.player),
            _ => println!("erased {what}"),
        }
        self.erase_archived(&mut connection).await.context(
            "the conversation is erased in the database, but not all of it in the archive",
        )?;
        let letters = self.dead_letters().await.context(
            "the conversation is erased, but the dead letters could not be looked through",
        )?;
        if letters > 0 {
            println!("{} may hold more: dead-letters list", count(letters, "dead letter"));
        }
        Ok(())
    }

    /// Erases what was archived, which nothing is added to any more that was said until now, or says
    /// that somebody must.
    #[expect(clippy::print_stdout, reason = "the answer to a command of an operator")]
    async fn erase_archived(&self, connection: &mut AsyncPgConnection) -> anyhow::Result<()> {
        if let Some(directory) = &self.history_archive_dir {
            let _lock = ArchiveLock::take(connection).await?;
            let erased = Archive::open(directory)?.erase(&self.player)?;
            println!("erased {} in the archive", count(erased, "message"));
        } else if let Some(through) = store::archived_through(connection, &self.player).await? {
            println!(
                "what was accepted until {} may be in the archive: erase it there as well, with \
                 HISTORY_ARCHIVE_DIR",
                through.format("%Y-%m-%dT%H:%M:%SZ")
            );
        }
        Ok(())
    }

    /// How many dead letters name the player.
    async fn dead_letters(&self) -> anyhow::Result<usize> {
        let name = format!("\"{}\"", self.player);
        let mut found = 0;
        for worker in [ConsumerKind::Persister, ConsumerKind::Broadcaster] {
            let letters = DeadLetters::open(&self.broker, worker).await?;
            found += letters.containing(&name).await?;
        }
        Ok(found)
    }
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
