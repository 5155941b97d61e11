//! The gateways' clocks are wrong.

use anyhow::Context;
use futures_util::FutureExt;

use crate::{
    drill::Drill,
    fault::Fault,
    plan::{Plan, Scale},
};

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;

pub(super) fn faults() -> Vec<Fault> {
    let fault =
        |name, description, inflict| Fault { name, description, plan: with_own_clocks, inflict };
    vec![
        fault("clocks-apart", "the gateways' clocks differ by 5 s", |drill| {
            apart(drill).boxed_local()
        }),
        fault("clock-jumps", "a gateway's clock jumps back and forth", |drill| {
            jumps(drill).boxed_local()
        }),
    ]
}

fn with_own_clocks(scale: Scale) -> Plan {
    Plan { own_clocks: true, ..Plan::usual(scale) }
}

async fn apart(drill: &mut Drill) -> anyhow::Result<()> {
    set(drill, 0, 5 * SECOND)?;
    drill.run_for(20).await;
    set(drill, 0, 0)
}

async fn jumps(drill: &mut Drill) -> anyhow::Result<()> {
    for offset in [-5 * SECOND, 0, -HOUR, 0, HOUR, 0] {
        set(drill, 1, offset)?;
        drill.run_for(5).await;
    }
    Ok(())
}

fn set(drill: &Drill, gateway: usize, milliseconds: i64) -> anyhow::Result<()> {
    drill.deployment.clocks.get(gateway).context("no such clock")?.set(milliseconds)
}
