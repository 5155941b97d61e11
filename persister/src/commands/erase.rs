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

/// Erase the contents and names of one player's conversation
///
/// Erases the contents of all messages and internal notes, the descriptions of attachments, the names of their senders and authors,
/// the player's name and language, and deletes who has read how far. Ids, times, seq, sessions with
/// their assignees, teams, tags and priorities, counts and the audit of staff (`persister audit`)
/// stay. Messages and notes that were accepted before the command and are persisted later, from the
/// queue or from the dead letters, are erased when they are persisted; those that are accepted later
/// are not. The command may run beside persisters and may be repeated. A player without stored
/// messages is not an error.
///
/// Erases archived messages in the files of HISTORY_ARCHIVE_DIR. Without that setting, it prints
/// whether messages may be in the archive.
///
/// The files of messages are in the gateways' store, which the persister cannot reach: it prints the
/// command that deletes them.
///
/// It does not erase dead letters: it prints how many of the persister's and the broadcaster's name
/// the player. `dead-letters list` shows them, and `dead-letters purge --yes` deletes them. Nor
/// does it erase backups, copies of the archive, or old rows that PostgreSQL has not vacuumed.
/// Messages that wait to be broadcast are broadcast.
#[derive(Args, Clone, Debug)]
pub struct EraseCommand {
    /// The player whose conversation is erased
    #[arg(long, value_name = "ID", value_parser = id::<PlayerId>)]
    player: PlayerId,

    /// Confirm the erasure
    #[arg(long, required = true)]
    yes: bool,

    /// Directory of the archive, in whose files the messages are erased as well
    #[arg(long, env = "HISTORY_ARCHIVE_DIR", value_name = "DIRECTORY")]
    history_archive_dir: Option<PathBuf>,

    #[command(flatten)]
    database: DatabaseSettings,

    #[command(flatten)]
    broker: BrokerSettings,
}

impl EraseCommand {
    /// Erases, and prints the result.
    ///
    /// # Errors
    /// When the database, the archive or RabbitMQ cannot be used. The operator may run it again.
    #[expect(clippy::print_stdout, reason = "output of a command")]
    pub async fn run(self) -> anyhow::Result<()> {
        self.database.check().map_err(anyhow::Error::msg)?;
        self.broker.check().map_err(anyhow::Error::msg)?;
        let mut connection = connect(&self.database).await?;
        let Erased { messages, sessions, notes } =
            store::erase(&mut connection, &self.player).await?;
        let erased = format!("{} of {}", count(messages, "message"), count(sessions, "session"));
        match (messages, notes) {
            (0, 0) => println!("erased {erased}: player {} has nothing to erase", self.player),
            (_, 0) => println!("erased {erased}"),
            _ => println!("erased {erased}, and {}", count(notes, "note")),
        }
        println!(
            "attachments are in the gateways' store, if ATTACHMENT_STORE is set: delete the player's \
             with gateway attachments erase --player '{}'; gateway attachments sweep deletes those \
             that no message names",
            self.player
        );
        self.erase_archived(&mut connection).await.context(
            "the conversation is erased in the database, but not completely in the archive",
        )?;
        let letters = self
            .count_dead_letters()
            .await
            .context("the conversation is erased, but the dead letters could not be searched")?;
        if letters > 0 {
            println!("{} may contain more: dead-letters list", count(letters, "dead letter"));
        }
        Ok(())
    }

    /// Erases the archived messages, or prints that the operator must. No content from before the
    /// erasure is archived any more.
    #[expect(clippy::print_stdout, reason = "output of a command")]
    async fn erase_archived(&self, connection: &mut AsyncPgConnection) -> anyhow::Result<()> {
        if let Some(directory) = &self.history_archive_dir {
            let _lock = ArchiveLock::acquire(connection).await?;
            let erased = Archive::open(directory)?.erase(&self.player)?;
            println!("erased {} in the archive", count(erased, "message"));
        } else if let Some(through) = store::archived_through(connection, &self.player).await? {
            println!(
                "messages accepted until {} may be in the archive: erase them there as well, with \
                 HISTORY_ARCHIVE_DIR",
                through.format("%Y-%m-%dT%H:%M:%SZ")
            );
        }
        Ok(())
    }

    /// The number of dead letters that name the player.
    async fn count_dead_letters(&self) -> anyhow::Result<usize> {
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
