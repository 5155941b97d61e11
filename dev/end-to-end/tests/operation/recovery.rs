//! deploy/base-backup.sh, deploy/restore-base-backup.sh and deploy/database/archive-wal.sh: recovery from
//! a base backup and the archived log, in the middle of traffic.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use nix::sys::signal::Signal;
use stack::{Postgres, PostgresSettings, Service};
use tempfile::TempDir;
use test_support::{Database, System, eventually};

use crate::{
    fleet::Fleet,
    programs::{Programs, Release},
    scripts::script,
    senders::{Sender, persisted},
};

/// Ends all of PostgreSQL's processes without a checkpoint, as the loss of the host does.
const CRASH: Signal = Signal::SIGQUIT;

/// A PostgreSQL of its own, which archives its log.
struct Archived {
    postgres: Postgres,
    database: Database,
    data: PathBuf,
    backup: PathBuf,
    archive: PathBuf,
    _directory: TempDir,
}

impl Archived {
    /// Starts it, and migrates its database.
    async fn start(programs: &Programs) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let archive = directory.path().join("wal");
        fs::create_dir(&archive).unwrap();
        let command = script("database/archive-wal.sh");
        let command = format!("{} {} %p %f", command.display(), archive.display());
        let further = [("archive_mode", "on"), ("archive_command", &*command)];
        let further = further.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let settings = PostgresSettings { further, ..Default::default() };
        let postgres = Postgres::start(&programs.supervisor, &settings).await.unwrap();
        let database = Database { url: postgres.url().to_owned() };
        database::migrate(&database.settings()).await.unwrap();
        Self {
            postgres,
            database,
            data: programs.supervisor.directory().join("postgres/data"),
            backup: directory.path().join("base"),
            archive,
            _directory: directory,
        }
    }

    /// Makes the base backup.
    fn back_up(&self) {
        let mut command = Command::new(script("base-backup.sh"));
        succeed(command.arg(&self.backup).env("DATABASE_URL", &self.database.url));
    }

    /// Ends PostgreSQL, and waits until it has ended.
    async fn stop(&self, signal: Signal) {
        let process = self.postgres.process();
        process.suspend_restart();
        let running = process.identity();
        process.signal(signal);
        eventually("PostgreSQL has ended", async || (!running.is_alive()).then_some(())).await;
    }

    /// Restores the base backup and the log, and waits until PostgreSQL can write.
    async fn restore(&self, time: Option<&str>) {
        let mut command = Command::new(script("restore-base-backup.sh"));
        command.arg(&self.backup).arg(&self.archive).arg(&self.data).args(time);
        succeed(&mut command);
        self.postgres.process().resume_restart();
        self.postgres.ready().await.unwrap();
        eventually("the recovery is complete", async || {
            let recovering = "SELECT pg_is_in_recovery()::int";
            (self.database.number(recovering).await == 0).then_some(())
        })
        .await;
    }

    /// The ids of the persisted messages.
    async fn ids(&self) -> HashSet<String> {
        let ids = "SELECT id::text AS text FROM chat_messages";
        self.database.texts(ids).await.into_iter().collect()
    }
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_server_is_restored_to_its_last_commit_and_to_a_time_before_a_mistake() {
    let system = System::new().await;
    let mut programs = Programs::new().await;
    let server = Archived::start(&programs).await;
    programs.use_servers(&server.database.url, &system.broker.url);
    let own = [("AUTH_MODE", "off"), ("QUEUE_PREFIX", &*system.broker.prefix)];
    let fleet = Fleet::start(&programs, Release::current(), &[Service::Persister], &own).await;
    let mut sender = Sender::start("p1", fleet.apis());
    sender.wait_for_progress().await;
    server.back_up();
    sender.wait_for_progress().await;

    // The host is lost, and the log on its disk can be read: nothing is lost.
    server.stop(CRASH).await;
    sender.wait_for_progress().await;
    server.restore(None).await;
    let mut accepted: HashSet<_> = sender.stop().await.into_iter().collect();
    assert_eq!(persisted(&server.database, accepted.len()).await, accepted);
    remove_lost_data(&server.data);

    // A mistake deletes messages, and the traffic continues until the operator stops the server.
    let mut sender = Sender::start("p1", fleet.apis());
    sender.wait_for_progress().await;
    let before = server.ids().await;
    let time = server.database.texts("SELECT clock_timestamp()::text AS text").await.remove(0);
    server.database.run("DELETE FROM chat_messages").await;
    sender.wait_for_progress().await;
    eventually("a later message is persisted", async || {
        (!server.ids().await.is_empty()).then_some(())
    })
    .await;
    server.stop(Signal::SIGINT).await;
    // A message that is accepted from now on is in the queue.
    let accepted_until_the_stop = sender.accepted();
    sender.wait_for_progress().await;
    server.restore(Some(&time)).await;
    sender.wait_for_progress().await;
    let sent = sender.stop().await;
    // The sender may have been waiting for this answer when the server stopped.
    let since: HashSet<_> = sent.iter().skip(accepted_until_the_stop + 1).cloned().collect();
    accepted.extend(sent);
    let kept = eventually("all messages since the stop are persisted", async || {
        let ids = server.ids().await;
        since.is_subset(&ids).then_some(ids)
    })
    .await;
    assert!(before.is_subset(&kept), "{:?} are missing", before.difference(&kept));
    assert!(kept.is_subset(&accepted));
    let lost: Vec<_> = accepted.difference(&kept).collect();
    assert!(!lost.is_empty(), "nothing was persisted between the mistake and the stop");
    remove_lost_data(&server.data);

    // The disk is lost, too: what was not archived yet is lost, and nothing else.
    let archived = server.ids().await;
    let current = "SELECT pg_walfile_name(pg_current_wal_insert_lsn()) AS text";
    let file = server.archive.join(server.database.texts(current).await.remove(0));
    server.database.run("SELECT pg_switch_wal()").await;
    eventually("the log is archived", async || file.exists().then_some(())).await;
    server.stop(CRASH).await;
    fs::remove_dir_all(&server.data).unwrap();
    server.restore(None).await;
    let restored = server.ids().await;
    assert!(archived.is_subset(&restored), "{:?} are missing", archived.difference(&restored));
    programs.supervisor.stop().await;
}

fn remove_lost_data(data: &Path) {
    fs::remove_dir_all(data.with_extension("lost")).unwrap();
}
