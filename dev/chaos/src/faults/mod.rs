//! The faults, a file for each group.

mod abuse;
mod broker;
mod clocks;
mod cluster;
mod database;
mod desk;
mod partitions;
mod poison;
mod pressure;
mod processes;
mod pusher;
mod rabbitmq_node;
mod recovery;
mod standby;
mod store;

use crate::fault::Fault;

/// All faults, in the order of the report.
pub fn all() -> Vec<Fault> {
    [
        processes::faults(),
        partitions::faults(),
        database::faults(),
        recovery::faults(),
        standby::faults(),
        broker::faults(),
        cluster::faults(),
        pusher::faults(),
        poison::faults(),
        clocks::faults(),
        pressure::faults(),
        abuse::faults(),
        desk::faults(),
        store::faults(),
    ]
    .concat()
}
