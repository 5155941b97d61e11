//! PostgreSQL is down, hangs or refuses. Messages must be accepted and broadcast meanwhile, and
//! persisted afterwards.

use futures_util::FutureExt;
use nix::sys::signal::Signal;

use crate::{
    drill::Drill,
    fault::Fault,
    plan::{Plan, Scale},
};

pub(super) fn faults() -> Vec<Fault> {
    let fault =
        |name, description, inflict| Fault { name, description, plan: Plan::usual, inflict };
    vec![
        fault("postgres-killed", "kill -9 of PostgreSQL, which is down for 30 s", |drill| {
            killed(drill).boxed_local()
        }),
        fault("postgres-hung", "PostgreSQL is suspended (SIGSTOP) for 30 s", |drill| {
            hung(drill).boxed_local()
        }),
        fault("postgres-cut", "connections are cut in the middle of transactions", |drill| {
            cut(drill).boxed_local()
        }),
        fault("postgres-read-only", "PostgreSQL is read-only for 30 s", |drill| {
            read_only(drill).boxed_local()
        }),
        fault("postgres-full-up", "PostgreSQL has no connection left for 30 s", |drill| {
            without_connections(drill).boxed_local()
        }),
        fault("postgres-locked", "the table of sessions is locked for 20 s", |drill| {
            locked(drill).boxed_local()
        }),
        Fault {
            plan: with_a_short_consumer_timeout,
            ..fault(
                "postgres-long-away",
                "PostgreSQL is down for longer than RabbitMQ's acknowledgement timeout",
                |drill| long_away(drill).boxed_local(),
            )
        },
    ]
}

async fn killed(drill: &mut Drill) -> anyhow::Result<()> {
    let postgres = drill.deployment.postgres.process();
    postgres.suspend_restart();
    postgres.signal(Signal::SIGKILL);
    drill.run_for(30).await;
    drill.wait_until_broadcast().await?;
    postgres.resume_restart();
    drill.deployment.postgres.ready().await
}

async fn hung(drill: &mut Drill) -> anyhow::Result<()> {
    drill.deployment.signal_postgres(Signal::SIGSTOP)?;
    drill.run_for(30).await;
    drill.wait_until_broadcast().await?;
    drill.deployment.signal_postgres(Signal::SIGCONT)?;
    drill.deployment.postgres.ready().await
}

async fn cut(drill: &mut Drill) -> anyhow::Result<()> {
    let victims = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE pid <> pg_backend_pid() AND datname = current_database() \
                   AND xact_start IS NOT NULL";
    let (mut cut, goal) = (0, drill.scale.pick(40, 3));
    while cut < goal {
        let database = drill.deployment.database().await?;
        cut += database.query_one(victims, &[]).await?.try_get::<_, i64>(0)?;
    }
    drill.notes.push(format!("{cut} transactions cut"));
    Ok(())
}

async fn read_only(drill: &mut Drill) -> anyhow::Result<()> {
    let set = async |drill: &Drill, value: &str| {
        let database = drill.deployment.database().await?;
        database.batch_execute("SET default_transaction_read_only = off").await?;
        let set = format!("ALTER SYSTEM SET default_transaction_read_only = {value}");
        database.batch_execute(&set).await?;
        anyhow::Ok(database.batch_execute("SELECT pg_reload_conf()").await?)
    };
    set(drill, "on").await?;
    drill.run_for(30).await;
    drill.wait_until_broadcast().await?;
    set(drill, "off").await
}

async fn without_connections(drill: &mut Drill) -> anyhow::Result<()> {
    // Open connections would keep working, so they are cut first.
    let first = drill.deployment.database().await?;
    let mut taken = vec![first];
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE pid <> pg_backend_pid() AND datname = current_database()";
    if let Some(first) = taken.first() {
        first.batch_execute(cut).await?;
    }
    while let Ok(another) = drill.deployment.database().await {
        taken.push(another);
    }
    drill.notes.push(format!("{} connections taken", taken.len()));
    drill.run_for(30).await;
    drill.wait_until_broadcast().await?;
    drop(taken);
    Ok(())
}

async fn locked(drill: &mut Drill) -> anyhow::Result<()> {
    let database = drill.deployment.database().await?;
    database.batch_execute("BEGIN; LOCK TABLE chat_sessions IN ACCESS EXCLUSIVE MODE").await?;
    drill.run_for(20).await;
    drill.wait_until_broadcast().await?;
    database.batch_execute("COMMIT").await?;
    Ok(())
}

fn with_a_short_consumer_timeout(scale: Scale) -> Plan {
    Plan::usual(scale).rabbitmq("consumer_timeout", scale.pick(10_000, 1_000))
}

async fn long_away(drill: &mut Drill) -> anyhow::Result<()> {
    // RabbitMQ checks the timeout once a minute by default; a channel reads the interval when it
    // opens.
    let interval = "application:set_env(rabbit, channel_tick_interval, 1000).";
    for node in &drill.deployment.rabbitmq {
        node.control(&["eval", interval]).await?;
        node.control(&["close_all_connections", "a drill"]).await?;
    }
    drill.pause().await;
    let postgres = drill.deployment.postgres.process();
    postgres.suspend_restart();
    postgres.signal(Signal::SIGKILL);
    drill.run_for(45).await;
    drill.wait_until_broadcast().await?;
    drill
        .wait_until("RabbitMQ requeued the persisters' deliveries", async |drill| {
            drill.deployment.rabbitmq_logged("delivery acknowledgement on channel").unwrap_or(false)
        })
        .await?;
    postgres.resume_restart();
    drill.deployment.postgres.ready().await
}
