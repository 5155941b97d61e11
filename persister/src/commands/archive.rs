use std::path::PathBuf;

use anyhow::Context;
use chrono::TimeDelta;
use clap::Args;
use database::{DatabaseSettings, connect};

use super::arguments::days;
use crate::{
    archive::{Archive, ArchiveLock},
    store,
};

/// Move messages of old sessions from the database to files
///
/// Archives the messages of sessions that were resolved longer ago than HISTORY_RETENTION. Each
/// message becomes a line of JSON in the file of the month in which it was accepted, and is deleted
/// from the database once that line is on disk. Conversations, sessions, their changes, internal notes
/// and all messages of open sessions stay in the database. The command may run beside persisters. It may be
/// killed at any time and run again: the files may then have the last messages of the killed run
/// twice. Use it only when all persisters are of this release or a later one.
///
/// For HISTORY_IDS_RETENTION, an archived message that a client sends again is recognised as the
/// same message. The ids of messages with attachments are kept for ever, so that `gateway attachments
/// sweep` deletes no attachment that the archive names.
#[derive(Args, Clone, Debug)]
pub struct ArchiveCommand {
    /// How long messages stay in the database after their session was resolved, in days, such as
    /// 365d. Without it they stay for ever
    #[arg(long, env = "HISTORY_RETENTION", value_name = "DAYS", value_parser = days)]
    history_retention: Option<TimeDelta>,

    /// How long the id of an archived message is kept, so that the message is not stored again when
    /// a client sends it again
    #[arg(
        long,
        env = "HISTORY_IDS_RETENTION",
        value_name = "DAYS",
        default_value = "90d",
        value_parser = days
    )]
    history_ids_retention: TimeDelta,

    /// Directory of the archive's files. It must exist
    #[arg(long, env = "HISTORY_ARCHIVE_DIR", value_name = "DIRECTORY")]
    history_archive_dir: Option<PathBuf>,

    #[command(flatten)]
    database: DatabaseSettings,
}

impl ArchiveCommand {
    /// Archives, and prints the result.
    ///
    /// # Errors
    /// When the database cannot be used, a file cannot be written, or another process is writing to
    /// the archive. The operator may run it again.
    #[expect(clippy::print_stdout, reason = "output of a command")]
    pub async fn run(self) -> anyhow::Result<()> {
        self.database.check().map_err(anyhow::Error::msg)?;
        let Some(retention) = self.history_retention else {
            println!("HISTORY_RETENTION is not set: all history is kept in the database");
            return Ok(());
        };
        let directory = self
            .history_archive_dir
            .context("HISTORY_ARCHIVE_DIR must name the directory of the archive")?;
        let mut archive = Archive::open(&directory)?;
        let mut connection = connect(&self.database).await?;
        let _lock = ArchiveLock::acquire(&mut connection).await?;
        let (resolved_before, forgotten_before) =
            (chat::now() - retention, chat::now() - self.history_ids_retention);
        let archived =
            store::archive(&mut connection, resolved_before, &mut |messages| archive.add(messages))
                .await?;
        let forgotten = store::forget(&mut connection, forgotten_before).await?;
        println!(
            "archived {archived} messages of sessions resolved before {}, \
             deleted {forgotten} old ids",
            resolved_before.format("%Y-%m-%dT%H:%M:%SZ"),
        );
        Ok(())
    }
}
