//! The number of partitions grows and shrinks, one service restarted after the other.

use futures_util::FutureExt;
use stack::Running;

use super::processes::restart;
use crate::{deployment::Deployment, drill::Drill, fault::Fault, plan::Plan};

const FEW: &str = "1";
const MANY: &str = "8";

/// The instances of one service.
type Instances = fn(&Deployment) -> &[Running];

const GATEWAYS: Instances = |deployment| &deployment.gateways;
const PERSISTERS: Instances = |deployment| &deployment.persisters;
const BROADCASTERS: Instances = |deployment| &deployment.broadcasters;

pub(super) fn faults() -> Vec<Fault> {
    let fault =
        |name, description, inflict| Fault { name, description, plan: Plan::usual, inflict };
    vec![
        fault(
            "repartition",
            "1 partition becomes 8, and 1 again, in the documented order",
            |drill| in_order(drill).boxed_local(),
        ),
        fault(
            "repartition-astray",
            "1 partition becomes 8, and 1 again, in the wrong order",
            |drill| out_of_order(drill).boxed_local(),
        ),
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

/// Messages in queues that no worker knows yet must wait, and be processed once workers know the
/// queues. Messages in queues beyond the current number must be processed as well.
async fn out_of_order(drill: &mut Drill) -> anyhow::Result<()> {
    roll(drill, [GATEWAYS], MANY).await?;
    drill.run_for(20).await;
    // RabbitMQ updates its counts with a delay.
    drill
        .wait_until("messages wait in queues that no worker knows", async |drill| {
            drill
                .deployment
                .waiting()
                .await
                .is_ok_and(|waiting| waiting.iter().all(|bodies| *bodies > 0))
        })
        .await?;
    roll(drill, [PERSISTERS, BROADCASTERS], MANY).await?;
    drill.wait_until_persisted().await?;
    drill.wait_until_broadcast().await?;

    roll(drill, [BROADCASTERS, PERSISTERS], FEW).await?;
    drill.run_for(20).await;
    drill.wait_until_persisted().await?;
    drill.wait_until_broadcast().await?;
    roll(drill, [GATEWAYS], FEW).await
}

/// Restarts one service after the other with a new number of partitions.
async fn roll<const N: usize>(
    drill: &Drill,
    services: [Instances; N],
    partitions: &str,
) -> anyhow::Result<()> {
    for instances in services {
        for service in instances(&drill.deployment) {
            service.process.set_variable("QUEUE_PARTITIONS", partitions);
            restart(service).await?;
            drill.load.wait_for_answers(5).await;
        }
    }
    Ok(())
}
