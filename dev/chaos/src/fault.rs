use std::fmt;

use futures_util::future::LocalBoxFuture;

use crate::{
    drill::Drill,
    plan::{Plan, Scale},
};

/// A fault that can be inflicted on a system under load.
#[derive(Clone)]
pub struct Fault {
    /// Its name on the command line and in the report.
    pub name: &'static str,
    /// A short description for `--list`.
    pub description: &'static str,
    /// The system on which it is inflicted.
    pub plan: fn(Scale) -> Plan,
    /// Inflicts it, and ends it.
    pub inflict: Inflict,
}

/// Inflicts a fault on the system of a drill, and ends it.
pub type Inflict = for<'a> fn(&'a mut Drill) -> LocalBoxFuture<'a, anyhow::Result<()>>;

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}
