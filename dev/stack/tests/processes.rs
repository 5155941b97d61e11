//! Signals to processes, and their restarts.

mod support;

use std::{net::TcpListener, time::Duration};

use nix::sys::signal::Signal;
use stack::{Console, Postgres, PostgresSettings, Probe, Program, Supervisor};
use support::{PLACE, Place, eventually};
use tokio::time::timeout;

/// Several times the pause before a restart.
const WAIT: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_process_with_suspended_restart_stays_down_until_resumed() {
    let place = Place::new();
    let supervisor = Supervisor::take(&place.directory(), Console::Silent).await.unwrap();
    let postgres = Postgres::start(&supervisor, &PostgresSettings::default()).await.unwrap();
    assert!(postgres.version().await.unwrap().starts_with(char::is_numeric));
    let config: tokio_postgres::Config = postgres.url().parse().unwrap();
    let probe = Probe::Postgres(Box::new(config));
    let process = postgres.process();

    let killed = process.identity();
    process.suspend_restart();
    process.signal(Signal::SIGKILL);
    let refusal = eventually("its end", async || probe.ask().await.err()).await;
    let replaced = timeout(WAIT, process.replaced(killed)).await;
    assert!(replaced.is_err(), "{replaced:?}, {refusal:#}");
    assert!(probe.ask().await.is_err());

    process.resume_restart();
    let returned = process.replaced(killed).await.unwrap();
    postgres.ready().await.unwrap();

    // A process that is down can be stopped.
    process.suspend_restart();
    process.signal(Signal::SIGKILL);
    eventually("its end", async || (!returned.is_alive()).then_some(())).await;
    timeout(WAIT, process.stop()).await.unwrap();
    supervisor.stop().await;
    assert_eq!(place.processes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_suspended_process_ends_when_it_is_stopped() {
    let place = Place::new();
    let supervisor = Supervisor::take(&place.directory(), Console::Silent).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let probe = Probe::Tcp(listener.local_addr().unwrap());
    let mut program = Program::new("sleep", "sleep");
    program.command.arg("600").env(PLACE, place.directory());
    let process = supervisor.start(program).unwrap();
    process.ready(&probe, WAIT).await.unwrap();
    process.signal(Signal::SIGSTOP);
    timeout(WAIT, supervisor.stop()).await.unwrap();
    assert_eq!(place.processes(), Vec::<String>::new());
}
