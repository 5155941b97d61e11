//! Each secret that is rotated as docs/operations/secrets.md says, under sends.

use std::collections::HashSet;

use broker::{BrokerSettings, Partition, Publisher};
use serde_json::Value;
use stack::{Running, ServerSettings, Servers, Service, set_pusher_variables};
use test_support::{Api, Database, JWT_SECRET, System, eventually, settings, token_by};

use crate::{
    programs::{Programs, Release, api},
    senders::Sender,
};

/// Two gateways and one of each worker, and who sends to them.
struct Fleet {
    gateways: Vec<Running>,
    workers: Vec<Running>,
    started: usize,
}

impl Fleet {
    async fn start(programs: &Programs, workers: &[Service], own: &[(&str, &str)]) -> Self {
        let mut fleet = Self { gateways: Vec::new(), workers: Vec::new(), started: 0 };
        for service in [Service::Gateway; 2].iter().chain(workers) {
            let running = fleet.another(programs, *service, own).await;
            let of_kind = match service {
                Service::Gateway => &mut fleet.gateways,
                _ => &mut fleet.workers,
            };
            of_kind.push(running);
        }
        fleet
    }

    fn apis(&self) -> Vec<Api> {
        self.gateways.iter().map(api).collect()
    }

    async fn another(
        &mut self,
        programs: &Programs,
        service: Service,
        own: &[(&str, &str)],
    ) -> Running {
        self.started += 1;
        let name = format!("{}-{}", service.name(), self.started);
        programs.start(&Release::current(), service, &name, own).await
    }

    /// Starts another in the place of each, with what the programs are told by now, one after the other.
    async fn replace(
        &mut self,
        programs: &Programs,
        own: &[(&str, &str)],
        senders: &mut [(&mut Sender, &str)],
    ) {
        for place in 0..self.gateways.len() {
            let running = self.another(programs, Service::Gateway, own).await;
            let old = std::mem::replace(&mut self.gateways[place], running);
            for (sender, token) in senders.iter() {
                sender.send_to(self.apis().iter().map(|api| api.with_token(token)).collect());
            }
            old.process.stop().await;
            for (sender, _) in senders.iter_mut() {
                sender.goes_on().await;
            }
        }
        for place in 0..self.workers.len() {
            let running = self.another(programs, self.workers[place].service, own).await;
            let old = std::mem::replace(&mut self.workers[place], running);
            old.process.stop().await;
        }
    }
}

pub fn with_account(url: &str, user: &str, password: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (_, server) = rest.rsplit_once('@').unwrap();
    format!("{scheme}://{user}:{password}@{server}")
}

fn user(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap();
    rest.split(':').next().unwrap()
}

/// The ids that `database` has, once it has so many.
async fn persisted(database: &Database, count: usize) -> HashSet<String> {
    eventually("all are persisted", async || {
        let ids = database.texts("SELECT id::text AS text FROM chat_messages").await;
        (ids.len() >= count).then(|| ids.into_iter().collect())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_passwords_of_rabbitmq_and_postgresql_are_changed_nothing_is_lost() {
    let mut programs = Programs::new().await;
    let servers = Servers::start(&programs.supervisor, &ServerSettings::default()).await.unwrap();
    let (amqp_url, database_url) = (servers.rabbitmq.url(), servers.postgres.url());
    let database = Database { url: database_url.to_owned() };
    database::migrate(&database.settings()).await.unwrap();
    programs.tell_servers(database_url, amqp_url);
    let pusher =
        programs.start(&Release::current(), Service::LocalPusher, "local-pusher", &[]).await;
    set_pusher_variables(pusher.address, &mut programs.variables);

    let own = [("AUTH_MODE", "off")];
    let workers = [Service::Persister, Service::Broadcaster];
    let mut fleet = Fleet::start(&programs, &workers, &own).await;
    let mut sender = Sender::start("p1", fleet.apis());
    sender.goes_on().await;

    // RabbitMQ: a second user, then everybody uses it, then the first is gone.
    let control = async |order: &[&str]| servers.rabbitmq.control(order).await.unwrap();
    control(&["add_user", "second", "new"]).await;
    control(&["set_permissions", "second", ".*", ".*", ".*"]).await;
    programs.variables.set("AMQP_URL", with_account(amqp_url, "second", "new"));
    fleet.replace(&programs, &own, &mut [(&mut sender, "")]).await;
    control(&["delete_user", user(amqp_url)]).await;
    sender.goes_on().await;
    let refused: BrokerSettings = settings([format!("--amqp-url={amqp_url}")]);
    assert!(Publisher::connect(&refused, Partition::FIRST, "test").await.is_err());

    // PostgreSQL: connections that stand are not asked again, and who is kept out meanwhile waits.
    let owner = user(database_url);
    for user in ["chat_reader", "chat_writer", owner] {
        database.run(&format!("ALTER ROLE {user} PASSWORD 'new'")).await;
    }
    assert!(database::connect(&database.settings()).await.is_err());
    sender.goes_on().await;
    let new = Database { url: with_account(database_url, owner, "new") };
    programs.variables.set("DATABASE_URL", &*new.url);
    fleet.replace(&programs, &own, &mut [(&mut sender, "")]).await;

    let accepted: HashSet<_> = sender.stop().await.into_iter().collect();
    assert_eq!(persisted(&new, accepted.len()).await, accepted);
    eventually("all are broadcast", async || {
        let url = format!("http://{}/control/accepted?events=true", pusher.address);
        let told: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        let told = told["lastEvents"].as_array().unwrap().iter();
        let said: HashSet<_> = told.map(|event| event["data"].as_str().unwrap()).collect();
        let is_told = |id: &String| said.iter().any(|data| data.contains(id));
        accepted.iter().all(is_told).then_some(())
    })
    .await;
    // RabbitMQ tells it some seconds late.
    eventually("nothing is left in a queue", async || {
        let queues = control(&["list_queues", "--no-table-headers", "name", "messages"]).await;
        queues.lines().all(|line| line.ends_with("\t0")).then_some(())
    })
    .await;
    programs.supervisor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_secret_of_tokens_is_changed_nobody_is_refused() {
    let system = System::new().await;
    let mut programs = Programs::new().await;
    programs.tell_servers(&system.database.url, &system.broker.url);
    let new = "another secret that nobody guesses, since it is long";
    let prefix = ("QUEUE_PREFIX", &*system.broker.prefix);
    let (first, second) = ("AUTH_JWT_SECRET", "AUTH_JWT_SECOND_SECRET");
    let (by_old, by_new) = (token_by(JWT_SECRET, "player", "p1"), token_by(new, "player", "p2"));

    let old_alone = [prefix, (first, JWT_SECRET)];
    let mut fleet = Fleet::start(&programs, &[Service::Persister], &old_alone).await;
    let by =
        |fleet: &Fleet, token: &str| fleet.apis().iter().map(|it| it.with_token(token)).collect();
    let mut early = Sender::start("p1", by(&fleet, &by_old));
    early.goes_on().await;

    let both = [prefix, (first, JWT_SECRET), (second, new)];
    fleet.replace(&programs, &both, &mut [(&mut early, &*by_old)]).await;
    // Now the portal signs with the new one, and who has a token goes on with it.
    let mut late = Sender::start("p2", by(&fleet, &by_new));
    late.goes_on().await;
    let turned = [prefix, (first, new), (second, JWT_SECRET)];
    let senders = &mut [(&mut early, &*by_old), (&mut late, &*by_new)];
    fleet.replace(&programs, &turned, senders).await;

    // The last old token has expired.
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
