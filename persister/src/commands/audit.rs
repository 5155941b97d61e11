use std::io::{BufWriter, Write, stdout};

use anyhow::Context;
use chat::{PlayerId, SenderId};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clap::{ArgGroup, Args};
use database::{DatabaseSettings, connect};

use super::arguments::{days, id};
use crate::store::{AuditRow, Auditee, audit_rows, purge_audit};

/// Rows in memory at a time.
const PAGE: i64 = 1_000;

/// Print actions of staff, or delete old ones
///
/// With --player or --staff, prints each action of staff as a line of JSON, oldest first: which
/// conversation was read, taken, resolved, claimed, assigned, released, tagged, prioritized or noted,
/// by whom and when, and whether it had an effect. With --purge, deletes the rows that are older than AUDIT_RETENTION. Rows are never changed, and only
/// --purge deletes them.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("what").required(true).args(["player", "staff", "purge"]))]
pub struct AuditCommand {
    /// Print the actions on this player's conversation
    #[arg(long, value_name = "ID", value_parser = id::<PlayerId>)]
    player: Option<PlayerId>,

    /// Print the actions of this member of the staff
    #[arg(long, value_name = "ID", value_parser = id::<SenderId>)]
    staff: Option<SenderId>,

    /// Delete the rows that are older than AUDIT_RETENTION
    #[arg(long)]
    purge: bool,

    /// Print only actions since this day or time, such as 2026-11-01 or 2026-11-01T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "purge")]
    since: Option<DateTime<Utc>>,

    /// How long a row is kept after the action, in days, such as 400d. Without it rows are kept for
    /// ever
    #[arg(long, env = "AUDIT_RETENTION", value_name = "DAYS", value_parser = days)]
    audit_retention: Option<TimeDelta>,

    #[command(flatten)]
    database: DatabaseSettings,
}

impl AuditCommand {
    /// Prints the rows, or deletes old rows and prints their number.
    ///
    /// # Errors
    /// When the database cannot be used. The operator may run it again.
    pub async fn run(self) -> anyhow::Result<()> {
        self.database.check().map_err(anyhow::Error::msg)?;
        let (player, staff) = (self.player.clone(), self.staff.clone());
        match player.map(Auditee::Player).or(staff.map(Auditee::Staff)) {
            Some(auditee) => self.print(&auditee).await,
            None => self.purge().await,
        }
    }

    async fn print(&self, auditee: &Auditee) -> anyhow::Result<()> {
        let mut connection = connect(&self.database).await?;
        let since = self.since.unwrap_or(DateTime::UNIX_EPOCH);
        let mut out = BufWriter::new(stdout());
        let mut last: Option<AuditRow> = None;
        loop {
            let page = audit_rows(&mut connection, auditee, since, last.as_ref(), PAGE).await?;
            for row in &page {
                writeln!(out, "{}", serde_json::to_string(row)?)?;
            }
            let has_more = i64::try_from(page.len()) == Ok(PAGE);
            last = page.into_iter().next_back().filter(|_| has_more);
            if last.is_none() {
                return out.flush().context("cannot write");
            }
        }
    }

    #[expect(clippy::print_stdout, reason = "output of a command")]
    async fn purge(&self) -> anyhow::Result<()> {
        let Some(retention) = self.audit_retention else {
            println!("AUDIT_RETENTION is not set: the audit is kept for ever");
            return Ok(());
        };
        let mut connection = connect(&self.database).await?;
        let before = chat::now() - retention;
        let purged = purge_audit(&mut connection, before).await?;
        println!("deleted {purged} rows from before {}", before.format("%Y-%m-%dT%H:%M:%SZ"));
        Ok(())
    }
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let day = text.parse::<NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0));
    let moment = || text.parse::<DateTime<Utc>>().ok();
    day.map(|day| day.and_utc()).or_else(moment).ok_or_else(|| {
        "must be a day such as 2026-11-01, or a time such as 2026-11-01T12:00:00Z".to_owned()
    })
}
