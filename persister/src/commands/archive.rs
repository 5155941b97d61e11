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

/// Move messages of sessions that were resolved long ago out of the database into files
///
/// A message goes once the session that it belongs to was resolved longer ago than
/// HISTORY_RETENTION. It becomes a line of JSON in the file of the month in which it was
/// accepted, and only when that is on disk is it deleted. Conversations, sessions and status
/// changes stay; nothing of an open session is touched. It may be run beside persisters, killed
/// at any moment, and run again: the last lines of one that was killed may then be there twice,
/// the same. Begin with it once all persisters are of this release.
///
/// Whoever sends an archived message again sends nothing new, for HISTORY_IDS_RETENTION.
#[derive(Args, Clone, Debug)]
pub struct ArchiveCommand {
    /// How long a session's messages are kept in the database after it was resolved, in days, such as
    /// 365d. Without it, for ever
    #[arg(long, env = "HISTORY_RETENTION", value_name = "DAYS", value_parser = days)]
    history_retention: Option<TimeDelta>,

    /// How long after a message was archived its id is still known, so that it does not come back as a
    /// new one when it is sent again
    #[arg(
        long,
        env = "HISTORY_IDS_RETENTION",
        value_name = "DAYS",
        default_value = "90d",
        value_parser = days
    )]
    history_ids_retention: TimeDelta,

    /// The directory that the files are in
    #[arg(long, env = "HISTORY_ARCHIVE_DIR", value_name = "DIRECTORY")]
    history_archive_dir: Option<PathBuf>,

    #[command(flatten)]
    database: DatabaseSettings,
}

impl ArchiveCommand {
    /// Archives, and prints what came of it.
    ///
    /// # Errors
    /// When the database cannot be used at the moment, the files cannot be written, or another archives.
    /// To begin again does no harm.
    #[expect(clippy::print_stdout, reason = "the answer to a command of an operator")]
    pub async fn run(self) -> anyhow::Result<()> {
        self.database.check().map_err(anyhow::Error::msg)?;
        let Some(retention) = self.history_retention else {
            println!("HISTORY_RETENTION is not set: all history is kept in the database");
            return Ok(());
        };
        let directory =
            self.history_archive_dir.context("HISTORY_ARCHIVE_DIR says where the files are")?;
        let mut archive = Archive::open(&directory)?;
        let mut connection = connect(&self.database).await?;
        let _lock = ArchiveLock::take(&mut connection).await?;
        let (resolved_before, forgotten_before) =
            (chat::now() - retention, chat::now() - self.history_ids_retention);
        let archived =
            store::archive(&mut connection, resolved_before, &mut |messages| archive.add(messages))
                .await?;
        let forgotten = store::forget(&mut connection, forgotten_before).await?;
        println!(
            "archived {archived} messages of sessions resolved before {}, forgot {forgotten} ids",
            resolved_before.format("%Y-%m-%dT%H:%M:%SZ"),
        );
        Ok(())
    }
}
