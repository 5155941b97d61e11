//! The whole system with real servers. Scripts stand in for the services: they write their
//! environment to a file, and become [`stand_in`].
#![expect(clippy::unwrap_used, reason = "a test's helpers fail as the test does")]

mod support;

use std::{
    env, fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use stack::{Console, Probe, Service, Supervisor, Variables, migrate, service_variables};
use tokio_postgres::NoTls;

use support::{Background, Place, eventually, outcome, script};

const SERVICES: [&str; 4] = ["gateway", "persister", "broadcaster", "local-pusher"];

/// Run by the scripts of [`stand_ins`]: answers every request with 200, and does not end. As a test
/// it does nothing.
#[test]
fn stand_in() {
    let Ok(listen) = env::var("STAND_IN_LISTEN") else { return };
    let listener = TcpListener::bind(listen).unwrap();
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut request = [0; 1024];
        if stream.read(&mut request).is_ok_and(|read| read > 0) {
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(answer).unwrap();
        }
    }
}

fn stand_ins(place: &Place) -> PathBuf {
    let directory = place.beside("bin");
    let this = env::current_exe().unwrap();
    for name in SERVICES {
        let listen = format!("{}_LISTEN", name.to_uppercase().replace('-', "_"));
        script(
            &directory.join(name),
            &format!(
                r#"env > "$0.$$.env"; mv "$0.$$.env" "$0${{1:+.$1}}.env"
                [ "$1" != migrate ] || exit 0
                [ "$1" != token ] || {{ echo "a-token-for-$5"; exit 0; }}
                STAND_IN_LISTEN=${listen} exec '{}' stand_in --exact --nocapture"#,
                this.display()
            ),
        );
    }
    directory
}

fn environment(place: &Place) -> Variables {
    Variables::read(&place.directory().join("env")).unwrap()
}

fn pid(place: &Place, name: &str) -> i32 {
    environment(place).get(name).unwrap().parse().unwrap()
}

/// Whether `service` has a variable that begins with `beginning`.
fn has_variable(binaries: &Path, service: &str, beginning: &str) -> bool {
    let environment = fs::read_to_string(binaries.join(format!("{service}.env"))).unwrap();
    environment.lines().any(|variable| variable.starts_with(beginning))
}

async fn execute(database: &tokio_postgres::Config, statement: &str) {
    let (client, connection) = database.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(statement).await.unwrap();
}

#[tokio::test]
async fn a_system_starts_restarts_what_is_killed_and_stops() {
    let place = Place::new();
    let binaries = stand_ins(&place);
    let mut command = place.stack("up");
    command.arg("--bin-dir").arg(&binaries);
    command.env("PUSHER_CHANNEL_ACCESS", "encrypted").env("PUSHER_PORT", "1");
    command.env("PORTAL_DIR", "/pages");
    let (code, output) = outcome(&mut command);
    assert_eq!(code, Some(0), "{output}");
    let variables = environment(&place);
    let value = |name: &str| variables.get(name).unwrap().to_owned();
    assert!(output.contains(&value("GATEWAY_URL")), "{output}");
    assert_eq!(value("AUTH_MODE"), "jwt");
    assert_eq!(value("PUSHER_CHANNEL_ACCESS"), "encrypted", "the caller's settings are kept");
    assert_ne!(value("PUSHER_PORT"), "1", "except addresses");
    assert!(value("AUTH_JWT_SECRET").len() >= 32);
    assert!(value("ATTACHMENT_SECRET").len() >= 32);
    assert!(Path::new(&value("ATTACHMENT_STORE")).is_dir());
    let app_id = value("PUSHER_APP_ID");
    assert!(app_id.parse::<u32>().is_ok(), "Pusher's clients reject the id {app_id}");
    for (name, page) in [
        ("PLAYER_PORTAL_URL", "player/#token=a-token-for-bo"),
        ("STAFF_PORTAL_URL", "staff/#token=a-token-for-ada"),
        ("SECOND_STAFF_PORTAL_URL", "staff/#token=a-token-for-grace"),
    ] {
        assert_eq!(value(name), format!("{}/portal/{page}", value("GATEWAY_URL")));
        assert!(output.contains(&value(name)), "{output}");
    }
    assert_eq!(value("PUSHER_ENCRYPTION_MASTER_KEY").len(), 44, "32 bytes in base64");
    let comm = fs::read_to_string(format!("/proc/{}/comm", value("PID_RABBITMQ"))).unwrap();
    assert_eq!(comm.trim(), "beam.smp");

    // Each service has the variables that it needs, and no others.
    assert!(has_variable(&binaries, "gateway", "AUTH_JWT_SECRET="));
    let metrics = value("GATEWAY_METRICS_URL").replace("http://", "GATEWAY_METRICS_LISTEN=");
    assert!(has_variable(&binaries, "gateway", &metrics));
    assert!(!metrics.ends_with(&value("GATEWAY_LISTEN")));
    assert!(has_variable(&binaries, "persister.migrate", "DATABASE_URL="));
    assert!(!has_variable(&binaries, "persister", "PUSHER_"));
    for service in ["persister", "broadcaster", "local-pusher"] {
        assert!(!has_variable(&binaries, service, "ATTACHMENT"), "{service}");
    }
    assert!(!has_variable(&binaries, "broadcaster", "DATABASE_URL="));
    let port = format!("PUSHER_PORT={}", value("PUSHER_PORT"));
    assert!(has_variable(&binaries, "broadcaster", &port));
    assert!(has_variable(&binaries, "broadcaster", "PUSHER_ENCRYPTION_MASTER_KEY="));

    // A killed process is restarted at the same address, and `env` has its new process id.
    let config: tokio_postgres::Config = value("DATABASE_URL").parse().unwrap();
    let broker = value("AMQP_URL");
    let (_, broker) = broker.rsplit_once('@').unwrap();
    let broker = broker.strip_suffix("/%2f").unwrap().parse().unwrap();
    let gateway: SocketAddr = value("GATEWAY_LISTEN").parse().unwrap();
    for (name, probe) in [
        ("PID_RABBITMQ", Probe::Amqp(broker)),
        ("PID_POSTGRES", Probe::Postgres(Box::new(config.clone()))),
        ("PID_GATEWAY", Probe::Http(gateway)),
    ] {
        let killed = pid(&place, name);
        kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
        let pid =
            eventually(name, async || Some(pid(&place, name)).filter(|pid| *pid != killed)).await;
        assert!(Path::new(&format!("/proc/{pid}")).exists());
        probe.until_good(Duration::from_secs(120)).await.unwrap();
    }

    execute(&config, "CREATE TABLE left_here ()").await;
    let (code, output) = outcome(&mut place.stack("status"));
    assert_eq!(code, Some(0), "{output}");
    let (code, output) = outcome(place.stack("run").arg("--bin-dir").arg(&binaries));
    assert_eq!(code, Some(1));
    assert!(output.contains("already running"), "{output}");

    // The successor of a killed supervisor has the same secrets and data.
    kill(Pid::from_raw(pid(&place, "PID_STACK")), Signal::SIGKILL).unwrap();
    eventually("its end", async || {
        (outcome(&mut place.stack("status")).0 == Some(3)).then_some(())
    })
    .await;
    let (code, output) = outcome(place.stack("up").arg("--bin-dir").arg(&binaries));
    assert_eq!(code, Some(0), "{output}");
    for name in ["PUSHER_SECRET", "ATTACHMENT_SECRET", "ATTACHMENT_STORE"] {
        assert_eq!(environment(&place).get(name), Some(&*value(name)), "{name}");
    }
    let database = environment(&place).get("DATABASE_URL").unwrap().parse();
    execute(&database.unwrap(), "DROP TABLE left_here").await;

    let (code, output) = outcome(&mut place.stack("down"));
    assert_eq!(code, Some(0), "{output}");
    assert_eq!(place.processes(), Vec::<String>::new());
    assert!(!place.directory().join("env").exists());
    let (code, output) = outcome(&mut place.stack("down"));
    assert_eq!(code, Some(0));
    assert!(output.contains("nothing runs"), "{output}");

    // Ctrl-C stops it too.
    let mut command = place.stack("run");
    command.arg("--bin-dir").arg(&binaries);
    let mut running = Background::start(&mut command);
    running.wait_for_line("Ctrl-C stops everything");
    running.signal(Signal::SIGINT);
    assert_eq!(running.exit_code(), Some(0));
    assert_eq!(place.processes(), Vec::<String>::new());
}

#[tokio::test]
async fn instances_of_a_service_have_their_own_settings() {
    let place = Place::new();
    let binaries = stand_ins(&place);
    let supervisor = Supervisor::take(&place.directory(), Console::Silent).await.unwrap();
    let shared = service_variables(&supervisor, "postgres://nowhere", "amqp://nowhere").unwrap();
    migrate(&supervisor, &binaries, &shared).await.unwrap();
    let mut instances = Vec::new();
    for (name, prefix) in [("persister", "one."), ("persister-2", "two.")] {
        let mut own = Variables::default();
        own.set("QUEUE_PREFIX", prefix);
        own.set("PUSHER_TIMEOUT", "1s");
        let started = Service::Persister.start(&supervisor, &binaries, name, &shared, &own).await;
        let instance = started.unwrap();
        let environment = fs::read(format!("/proc/{}/environ", instance.process.identity().pid()));
        let environment = String::from_utf8(environment.unwrap()).unwrap();
        let has_variable = |variable: &str| environment.split('\0').any(|one| one == variable);
        assert!(has_variable(&format!("QUEUE_PREFIX={prefix}")), "{environment}");
        assert!(has_variable("PUSHER_TIMEOUT=1s"), "{environment}");
        assert!(has_variable("DATABASE_URL=postgres://nowhere"), "{environment}");
        assert!(!environment.contains("PUSHER_KEY="), "{environment}");
        instances.push(instance);
    }
    assert_eq!(instances[1].process.name(), "persister-2");
    assert_ne!(instances[0].address, instances[1].address);

    // Both keep their settings, except the variable that was set meanwhile.
    instances[1].process.set_variable("QUEUE_PREFIX", "three.");
    let killed = instances[1].process.identity();
    instances[1].process.signal(Signal::SIGKILL);
    assert!(instances[1].process.replaced(killed).await.is_some());
    for instance in &instances {
        instance.ready().await.unwrap();
    }
    for (instance, prefix) in instances.iter().zip(["one.", "three."]) {
        let environment = fs::read(format!("/proc/{}/environ", instance.process.identity().pid()));
        let environment = String::from_utf8(environment.unwrap()).unwrap();
        let expected = format!("QUEUE_PREFIX={prefix}");
        assert!(environment.split('\0').any(|one| one == expected), "{environment}");
    }
    supervisor.stop().await;
    assert_eq!(place.processes(), Vec::<String>::new());
}

#[test]
fn up_prints_why_the_start_failed() {
    let place = Place::new();
    let binaries = stand_ins(&place);
    script(&binaries.join("broadcaster"), "echo 'my settings are wrong'; exit 2");
    let (code, output) = outcome(place.stack("up").arg("--bin-dir").arg(&binaries));
    assert_eq!(code, Some(1));
    assert!(output.contains("my settings are wrong"), "{output}");
    assert_eq!(place.processes(), Vec::<String>::new());
}
