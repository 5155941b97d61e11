//! What one can do to a process that is watched over.

mod support;

use std::{net::TcpListener, time::Duration};

use nix::sys::signal::Signal;
use stack::{Console, Postgres, PostgresSettings, Probe, Program, Supervisor};
use support::{Place, at_last};
use tokio::time::timeout;

/// Several times as long as a start again is waited with.
const A_WHILE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_is_held_back_stays_away() {
    let place = Place::new();
    let supervisor = Supervisor::take(&place.directory(), Console::silent()).await.unwrap();
    let postgres = Postgres::start(&supervisor, &PostgresSettings::default()).await.unwrap();
    assert!(postgres.version().await.unwrap().starts_with(char::is_numeric));
    let config: tokio_postgres::Config = postgres.url().parse().unwrap();
    let probe = Probe::Postgres(Box::new(config));
    let process = postgres.process();

    let killed = process.identity();
    process.suspend_restart();
    process.signal(Signal::SIGKILL);
    let refusal = at_last("its end", async || probe.ask().await.err()).await;
    let replaced = timeout(A_WHILE, process.replaced(killed)).await;
    assert!(replaced.is_err(), "{replaced:?}, {refusal:#}");
    assert!(probe.ask().await.is_err());

    process.resume_restart();
    let returned = process.replaced(killed).await.unwrap();
    postgres.ready().await.unwrap();

    // Nor does it hinder an end that it is away.
    process.suspend_restart();
    process.signal(Signal::SIGKILL);
    at_last("its end", async || (!returned.is_alive()).then_some(())).await;
    timeout(A_WHILE, process.stop()).await.unwrap();
    supervisor.stop().await;
    assert_eq!(place.processes(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_halted_ends_when_it_is_stopped() {
    let place = Place::new();
    let supervisor = Supervisor::take(&place.directory(), Console::silent()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let probe = Probe::Tcp(listener.local_addr().unwrap());
    let mut program = Program::new("halted", "sleep");
    program.command.arg("600");
    let process = supervisor.start(program).unwrap();
    process.ready(&probe, A_WHILE).await.unwrap();
    process.signal(Signal::SIGSTOP);
    timeout(A_WHILE, supervisor.stop()).await.unwrap();
    assert_eq!(place.processes(), Vec::<String>::new());
}
