use crate::{Supervisor, process::Ended};

/// Attempts: another process may take a free port before the program does.
const TRIES: u32 = 5;

/// Calls `start` with free ports, and again with others when one of them is in use.
pub(crate) async fn on_free_ports<const N: usize, T>(
    supervisor: &Supervisor,
    names: [&str; N],
    start: impl AsyncFn([u16; N]) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut tried = 0;
    loop {
        let ports = supervisor.kept().ports(names, tried > 0)?;
        tried += 1;
        match start(ports).await {
            Err(error) if tried < TRIES && lost_its_port(&error) => {
                supervisor.console().print("a port is in use, trying others");
            }
            done => return done,
        }
    }
}

fn lost_its_port(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Ended>().is_some_and(Ended::is_port_taken)
}
