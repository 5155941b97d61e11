use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use super::installation::Installation;
use crate::{Probe, Program, Rank, Supervisor, ports::on_free_ports};

const READY_LIMIT: Duration = Duration::from_secs(20);

/// The address of the supervisor's epmd, the port mapper of Erlang's nodes, which the first node
/// starts. Erlang would start one by itself, but a common one for all nodes of the machine, which
/// nobody would ever stop.
pub(super) async fn mapper(
    supervisor: &Supervisor,
    installation: &Installation,
) -> anyhow::Result<SocketAddr> {
    let start = || {
        on_free_ports(supervisor, ["EPMD_PORT"], async |[port]| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let mut program = Program::new("epmd", "");
            program.command = installation.command(Path::new("epmd"), supervisor.directory());
            program.command.envs(variables(address)).current_dir(supervisor.directory());
            // Otherwise it does not say why it ends.
            program.command.arg("-d");
            program.rank = Rank::Helper;
            program.echoes = false;
            let process = supervisor.start(program)?;
            process.ready(&Probe::Tcp(address), READY_LIMIT).await?;
            Ok(address)
        })
    };
    supervisor.mapper.get_or_try_init(start).await.copied()
}

/// How Erlang's programs are told where it is, and it where to be.
pub(super) fn variables(mapper: SocketAddr) -> [(&'static str, String); 2] {
    [("ERL_EPMD_ADDRESS", mapper.ip().to_string()), ("ERL_EPMD_PORT", mapper.port().to_string())]
}
