//! `stack exec` with real servers.

mod support;

use std::{env, net::SocketAddr};

use nix::sys::signal::Signal;
use stack::{Probe, recorded};
use support::{Background, Place, eventually, outcome};

/// Needs `stack exec`; [`exec_exits_as_its_command_and_leaves_no_process`] runs it there.
#[tokio::test]
async fn a_command_can_use_the_servers() {
    let database = env::var("TEST_DATABASE_URL").unwrap();
    let config: tokio_postgres::Config = database.parse().unwrap();
    Probe::Postgres(Box::new(config.clone())).ask().await.unwrap();
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // It fails if the data of an earlier run are still there.
    client.batch_execute("CREATE DATABASE mine").await.unwrap();

    let broker = env::var("TEST_AMQP_URL").unwrap();
    let (_, address) = broker.rsplit_once('@').unwrap();
    let address: SocketAddr = address.strip_suffix("/%2f").unwrap().parse().unwrap();
    Probe::Amqp(address).ask().await.unwrap();
}

#[test]
fn exec_exits_as_its_command_and_leaves_no_process() {
    let place = Place::new();
    for _ in 0..2 {
        let mut command = place.stack("exec");
        command.arg("--").arg(env::current_exe().unwrap());
        command.args(["a_command_can_use_the_servers", "--exact"]);
        let (code, output) = outcome(&mut command);
        assert_eq!(code, Some(0), "{output}");
        assert!(output.contains("1 passed"), "{output}");
        assert_eq!(place.processes(), Vec::<String>::new());
    }

    let mut command = place.stack("exec");
    command.args(["--", "sh", "-c", "sleep 600 & echo running; wait; exit 7"]);
    let mut running = Background::start(&mut command);
    running.wait_for_line("running");
    let (code, output) = outcome(place.stack("exec").args(["--", "true"]));
    assert_eq!(code, Some(1));
    assert!(output.contains("already running"), "{output}");
    running.signal(Signal::SIGTERM);
    assert_eq!(running.exit_code(), Some(128 + Signal::SIGTERM as i32));
    assert_eq!(place.processes(), Vec::<String>::new());
}

#[tokio::test]
async fn exec_stops_the_processes_of_a_killed_supervisor() {
    let place = Place::new();
    let mut command = place.stack("exec");
    command.args(["--", "sh", "-c", "sleep 600 & echo running; wait"]);
    let mut killed = Background::start(&mut command);
    killed.wait_for_line("running");
    // The command may print before it is recorded.
    eventually("the record of the command", async || {
        recorded(&place.directory()).iter().any(|record| record.name == "command").then_some(())
    })
    .await;
    killed.signal(Signal::SIGKILL);
    assert_eq!(killed.exit_code(), None);

    // The kernel stops the servers; the next supervisor stops the command.
    eventually("the end of the servers", async || {
        let is_server = |process: &String| {
            ["postgres", "beam.smp", "epmd"].iter().any(|name| process.contains(name))
        };
        (!place.processes().iter().any(is_server)).then_some(())
    })
    .await;
    assert!(!place.processes().is_empty());
    let (code, output) = outcome(place.stack("exec").args(["--", "sh", "-c", "exit 7"]));
    assert_eq!(code, Some(7), "{output}");
    assert!(output.contains("stopped processes of an earlier run: command"), "{output}");
    assert_eq!(place.processes(), Vec::<String>::new());
}
