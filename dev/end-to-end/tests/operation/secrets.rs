//! The rotation of secrets of docs/operations/secrets.md under load.

use std::{collections::HashSet, fs};

use broker::{BrokerSettings, Partition, Publisher};
use stack::{
    PostgresSettings, RabbitMqSettings, ServerSettings, Servers, Service, Supervisor,
    set_pusher_variables,
};
use test_support::{
    Authority, Database, Identity, JWT_SECRET, PusherControl, System, eventually, settings,
    token_by,
};

use crate::{
    fleet::Fleet,
    programs::{Programs, Release, api},
    senders::{Sender, persisted},
};

pub fn with_account(url: &str, user: &str, password: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (_, server) = rest.rsplit_once('@').unwrap();
    format!("{scheme}://{user}:{password}@{server}")
}

fn user(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap();
    rest.split(':').next().unwrap()
}

/// The host of the servers' certificates.
const HOST: &str = "localhost";

/// Both servers, with TLS beside their usual ports.
struct TlsServers {
    servers: Servers,
    /// The port at which RabbitMQ has TLS.
    amqps_port: u16,
}

impl TlsServers {
    /// Starts both servers with the certificate of `identity`.
    async fn start(supervisor: &Supervisor, identity: Identity) -> Self {
        let [amqps_port] = supervisor.kept().ports(["RABBITMQ_TLS_PORT"], false).unwrap();
        identity.write(supervisor.directory());
        let file = |name: &str| supervisor.directory().join(name).display().to_string();
        let owned = |pairs: [(&str, String); 3]| {
            pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()
        };
        let settings = ServerSettings {
            postgres: PostgresSettings {
                further: owned([
                    ("ssl", "on".to_owned()),
                    ("ssl_cert_file", "../certificate.pem".to_owned()),
                    ("ssl_key_file", "../key.pem".to_owned()),
                ]),
                files: vec![
                    ("certificate.pem".to_owned(), identity.certificate),
                    ("key.pem".to_owned(), identity.key),
                ],
                ..Default::default()
            },
            rabbitmq: RabbitMqSettings {
                further: owned([
                    ("listeners.ssl.local", format!("127.0.0.1:{amqps_port}")),
                    ("ssl_options.certfile", file("certificate.pem")),
                    ("ssl_options.keyfile", file("key.pem")),
                ]),
                ..Default::default()
            },
        };
        let servers = Servers::start(supervisor, &settings).await.unwrap();
        Self { servers, amqps_port }
    }

    /// The address of RabbitMQ with TLS.
    fn amqp_url(&self) -> String {
        let (account, _) = self.servers.rabbitmq.url().rsplit_once('@').unwrap();
        let account = account.replacen("amqp://", "amqps://", 1);
        format!("{account}@{HOST}:{}", self.amqps_port)
    }

    /// The address of the database with TLS.
    fn database_url(&self) -> String {
        let url = self.servers.postgres.url().replace("127.0.0.1", HOST);
        format!("{url}?sslmode=verify-full")
    }

    /// Replaces the certificate of both servers, with the commands of the page.
    async fn replace_certificate(
        &self,
        supervisor: &Supervisor,
        identity: &Identity,
        superuser: &Database,
    ) {
        // The files keep their owners.
        identity.write(supervisor.directory());
        identity.write(&supervisor.directory().join("postgres"));
        let clear = ["eval", "ssl:clear_pem_cache()."];
        self.servers.rabbitmq.control(&clear).await.unwrap();
        superuser.run("SELECT pg_reload_conf()").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_passwords_and_certificates_of_the_servers_loses_no_message() {
    let mut programs = Programs::new().await;
    let (old_authority, new_authority) = (Authority::new(), Authority::new());
    let tls = TlsServers::start(&programs.supervisor, old_authority.issue(HOST)).await;
    let servers = &tls.servers;
    let (amqp_url, database_url) = (&*tls.amqp_url(), &*tls.database_url());
    let database = Database { url: servers.postgres.url().to_owned() };
    database::migrate(&database.settings()).await.unwrap();
    programs.use_servers(database_url, amqp_url);
    let ca_file = programs.supervisor.directory().join("ca.pem");
    fs::write(&ca_file, old_authority.certificate()).unwrap();
    let pusher =
        programs.start(&Release::current(), Service::LocalPusher, "local-pusher", &[]).await;
    set_pusher_variables(pusher.address, &mut programs.variables);

    let own = [("AUTH_MODE", "off"), ("TLS_CA_FILE", ca_file.to_str().unwrap())];
    let workers = [Service::Persister, Service::Broadcaster];
    let mut fleet = Fleet::start(&programs, Release::current(), &workers, &own).await;
    let mut sender = Sender::start("p1", fleet.apis());
    sender.wait_for_progress().await;

    // RabbitMQ: create a second user, restart the services with it, delete the first.
    let control = async |arguments: &[&str]| servers.rabbitmq.control(arguments).await.unwrap();
    control(&["add_user", "second", "new"]).await;
    control(&["set_permissions", "second", ".*", ".*", ".*"]).await;
    programs.variables.set("AMQP_URL", with_account(amqp_url, "second", "new"));
    fleet.replace(&programs, &own, &mut [(&mut sender, "")]).await;
    control(&["delete_user", user(amqp_url)]).await;
    sender.wait_for_progress().await;
    let connect = async |url: &str, trusted: &Authority| {
        let address = format!("--amqp-url={url}");
        let timeout = "--broker-timeout=30s".to_owned();
        let settings: BrokerSettings = settings([address, trusted.trusted(), timeout]);
        Publisher::connect(&settings, Partition::FIRST, "test").await.map(drop)
    };
    let new_amqp_url = with_account(amqp_url, "second", "new");
    assert!(connect(amqp_url, &old_authority).await.is_err());
    assert!(connect(&new_amqp_url, &old_authority).await.is_ok());

    // PostgreSQL: open connections stay authenticated, and new ones fail until the services
    // restart.
    let owner = user(database_url);
    for user in ["chat_reader", "chat_writer", owner] {
        database.run(&format!("ALTER ROLE {user} PASSWORD 'new'")).await;
    }
    assert!(database::connect(&database.settings()).await.is_err());
    sender.wait_for_progress().await;
    let new = Database { url: with_account(&database.url, owner, "new") };
    programs.variables.set("DATABASE_URL", with_account(database_url, owner, "new"));
    fleet.replace(&programs, &own, &mut [(&mut sender, "")]).await;

    // Certificates: trust the new authority too, replace the certificates, distrust the old one.
    let both = [old_authority.certificate(), new_authority.certificate()].concat();
    fs::write(&ca_file, both).unwrap();
    fleet.replace(&programs, &own, &mut [(&mut sender, "")]).await;
    tls.replace_certificate(&programs.supervisor, &new_authority.issue(HOST), &new).await;
    assert!(connect(&new_amqp_url, &old_authority).await.is_err());
    fs::write(&ca_file, new_authority.certificate()).unwrap();
    fleet.replace(&programs, &own, &mut [(&mut sender, "")]).await;
    sender.wait_for_progress().await;

    let accepted: HashSet<_> = sender.stop().await.into_iter().collect();
    assert_eq!(persisted(&new, accepted.len()).await, accepted);
    let pusher_control = PusherControl::new(pusher.address);
    eventually("all messages are broadcast", async || {
        let broadcast = pusher_control.accepted().await;
        let events = broadcast["lastEvents"].as_array().unwrap().iter();
        let bodies: HashSet<_> = events.map(|event| event["data"].as_str().unwrap()).collect();
        let is_broadcast = |id: &String| bodies.iter().any(|data| data.contains(id));
        accepted.iter().all(is_broadcast).then_some(())
    })
    .await;
    // RabbitMQ updates its counts with a delay.
    eventually("all queues are empty", async || {
        let queues = control(&["list_queues", "--no-table-headers", "name", "messages"]).await;
        queues.lines().all(|line| line.ends_with("\t0")).then_some(())
    })
    .await;
    programs.supervisor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_the_token_secret_refuses_no_valid_token() {
    let system = System::new().await;
    let mut programs = Programs::new().await;
    programs.use_servers(&system.database.url, &system.broker.url);
    let new = "another secret of more than thirty-two characters";
    let prefix = ("QUEUE_PREFIX", &*system.broker.prefix);
    let (first, second) = ("AUTH_JWT_SECRET", "AUTH_JWT_SECOND_SECRET");
    let (by_old, by_new) = (token_by(JWT_SECRET, "player", "p1"), token_by(new, "player", "p2"));

    let old_alone = [prefix, (first, JWT_SECRET)];
    let mut fleet =
        Fleet::start(&programs, Release::current(), &[Service::Persister], &old_alone).await;
    let apis =
        |fleet: &Fleet, token: &str| fleet.apis().iter().map(|api| api.with_token(token)).collect();
    let mut early = Sender::start("p1", apis(&fleet, &by_old));
    early.wait_for_progress().await;

    let both = [prefix, (first, JWT_SECRET), (second, new)];
    fleet.replace(&programs, &both, &mut [(&mut early, &*by_old)]).await;
    // The portal signs with the new secret; tokens of the old one stay valid.
    let mut late = Sender::start("p2", apis(&fleet, &by_new));
    late.wait_for_progress().await;
    let swapped = [prefix, (first, new), (second, JWT_SECRET)];
    let senders = &mut [(&mut early, &*by_old), (&mut late, &*by_new)];
    fleet.replace(&programs, &swapped, senders).await;

    // Tokens of the old secret have expired.
    let mut accepted = early.stop().await;
    let new_alone = [prefix, (first, new)];
    fleet.replace(&programs, &new_alone, &mut [(&mut late, &*by_new)]).await;
    let gateway = api(&fleet.gateways[0]);
    assert_eq!(gateway.with_token(&by_old).conversation("p1", "").await.status, 401);
    accepted.extend(late.stop().await);
    let accepted: HashSet<_> = accepted.into_iter().collect();
    assert_eq!(persisted(&system.database, accepted.len()).await, accepted);
    programs.supervisor.stop().await;
}
