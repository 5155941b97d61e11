use crate::{NotReady, Supervisor};

/// How often other ports are tried: between the look whether one is free and its use, somebody else
/// may take it.
const TRIES: u32 = 5;

/// Starts something on free ports, and on others when one of them turns out to be taken.
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
                supervisor.console().say("a port was taken meanwhile, trying others");
            }
            done => return done,
        }
    }
}

fn lost_its_port(error: &anyhow::Error) -> bool {
    error.downcast_ref::<NotReady>().is_some_and(NotReady::is_port_taken)
}
