//! The commands of "Restoring a dump" in docs/operations/backup.md, on a database that is in use.

use std::{collections::HashSet, process::Command};

use stack::{Postgres, PostgresSettings, Service, migrate};
use test_support::{Database, System, eventually};

use crate::{
    fleet::Fleet,
    programs::{Programs, Release},
    scripts::script,
    senders::Sender,
};

const PAGE: &str = include_str!("../../../../docs/operations/backup.md");

/// The block of shell commands of the page that contains `words`.
fn commands(words: &str) -> &'static str {
    let mut blocks = PAGE.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.find(|block| block.contains(words)).unwrap_or_else(|| panic!("no commands with {words}"))
}

/// Runs shell commands that must succeed, with the `sql` of deploy/operator.sh.
fn run(commands: &str, database: &Database) {
    let commands = format!("sql() {{ psql \"$DATABASE_URL\" \"$@\"; }}\n{commands}");
    let mut shell = Command::new("bash");
    let deploy = script("");
    shell.args(["-euc", &commands]).current_dir(deploy.parent().unwrap());
    let output = shell.env("DATABASE_URL", &database.url).output().unwrap();
    assert!(output.status.success(), "{commands}: {output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_restores_a_dump_in_place_of_a_database_in_use() {
    let system = System::new().await;
    let mut programs = Programs::new().await;
    let postgres =
        Postgres::start(&programs.supervisor, &PostgresSettings::default()).await.unwrap();
    let database = Database { url: postgres.url().to_owned() };
    database::migrate(&database.settings()).await.unwrap();
    programs.use_servers(&database.url, &system.broker.url);
    let own = [("AUTH_MODE", "off"), ("QUEUE_PREFIX", &*system.broker.prefix)];
    let fleet = Fleet::start(&programs, Release::current(), &[Service::Persister], &own).await;
    let mut sender = Sender::start("p1", fleet.apis());
    sender.wait_for_progress().await;
    let ids = async || -> HashSet<String> {
        let ids = "SELECT id::text AS text FROM chat_messages";
        database.texts(ids).await.into_iter().collect()
    };

    let dumped = ids().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("chat.dump").display().to_string();
    run(&format!("deploy/backup.sh {file}"), &database);
    sender.wait_for_progress().await;
    run(commands("RENAME TO chat_lost"), &database);
    let accepted_until_the_loss = sender.accepted();
    sender.wait_for_progress().await;

    run(&format!("deploy/restore.sh {file}"), &database);
    let (_, password) = database.url.rsplit_once('@').unwrap().0.rsplit_once(':').unwrap();
    run(&commands("--file=deploy/database/users.sql").replace('…', password), &database);
    let release = Release::current();
    migrate(&programs.supervisor, release.directory(), &programs.variables).await.unwrap();
    let owned_by_others = "SELECT count(*) FROM pg_tables
                           WHERE schemaname = 'public' AND tableowner <> 'chat_owner'";
    assert_eq!(database.number(owned_by_others).await, 0);

    sender.wait_for_progress().await;
    let sent = sender.stop().await;
    // The sender may have been waiting for this answer when the database was renamed.
    let since: HashSet<_> = sent.iter().skip(accepted_until_the_loss + 1).cloned().collect();
    let restored = eventually("all messages since the loss are persisted", async || {
        let ids = ids().await;
        since.is_subset(&ids).then_some(ids)
    })
    .await;
    assert!(dumped.is_subset(&restored), "{:?} are missing", dumped.difference(&restored));
    programs.supervisor.stop().await;
}
