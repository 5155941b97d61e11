//! Players are spread over more pairs of queues, and over fewer again, one service restarted after the
//! other.

use futures_util::FutureExt;
use stack::Running;

use super::{Fault, Group, processes::restart};
use crate::{drill::Drill, plan::Plan, system::System};

const FEW: &str = "1";
const MANY: &str = "8";

/// The instances of one service.
type Instances = fn(&System) -> &[Running];

const GATEWAYS: Instances = |system| &system.gateways;
const PERSISTERS: Instances = |system| &system.persisters;
const BROADCASTERS: Instances = |system| &system.broadcasters;

pub(super) fn faults() -> Vec<Fault> {
    let fault = |name, what, inflict| Fault {
        name,
        group: Group::Processes,
        what,
        plan: Plan::usual,
        inflict,
    };
    vec![
        fault("repartition", "1 pair of queues becomes 8, and 1 again, in order", |drill| {
            in_order(drill).boxed_local()
        }),
        fault("repartition-astray", "the same, gateways first and workers first", |drill| {
            out_of_order(drill).boxed_local()
        }),
    ]
}

async fn in_order(drill: &mut Drill) -> anyhow::Result<()> {
    for _ in 0..drill.scale.pick(2, 1) {
        roll(drill, [BROADCASTERS, PERSISTERS, GATEWAYS], MANY).await?;
        drill.run_for(20).await;
        roll(drill, [GATEWAYS, PERSISTERS, BROADCASTERS], FEW).await?;
        drill.run_for(20).await;
    }
    Ok(())
}

/// What is in queues that nobody has been told of waits, and is worked off once somebody has; what is
/// in queues that nobody is told of any more is worked off all the same.
async fn out_of_order(drill: &mut Drill) -> anyhow::Result<()> {
    roll(drill, [GATEWAYS], MANY).await?;
    drill.run_for(20).await;
    // RabbitMQ says how full a queue is a while later.
    drill
        .until("messages wait for workers that are told of their queues", async |drill| {
            drill.system.waiting().await.is_ok_and(|waiting| waiting.iter().all(|it| *it > 0))
        })
        .await?;
    roll(drill, [PERSISTERS, BROADCASTERS], MANY).await?;
    drill.all_persisted().await?;
    drill.all_broadcast().await?;

    roll(drill, [BROADCASTERS, PERSISTERS], FEW).await?;
    drill.run_for(20).await;
    drill.all_persisted().await?;
    drill.all_broadcast().await?;
    roll(drill, [GATEWAYS], FEW).await
}

/// Restarts one service after the other, with another number of partitions.
async fn roll<const N: usize>(
    drill: &Drill,
    services: [Instances; N],
    partitions: &str,
) -> anyhow::Result<()> {
    for instances in services {
        for service in instances(&drill.system) {
            service.process.set_variable("QUEUE_PARTITIONS", partitions);
            restart(service).await?;
            drill.load.answered(5).await;
        }
    }
    Ok(())
}
