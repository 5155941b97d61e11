use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::ensure;

use crate::{
    Output, Probe, Process, Program, Rank, Supervisor, http::status_of, ports::on_free_ports,
};

/// A start takes a second; more while other tests run.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// Installed by `dev/scripts/install-s3-server.sh`.
const PROGRAM: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/tools/moto/bin/moto_server");

/// The S3 server of moto, which this project did not write. It keeps its objects in memory, and
/// verifies no signatures.
#[derive(Debug)]
pub struct S3Server {
    process: Arc<Process>,
    address: SocketAddr,
}

impl S3Server {
    /// The bucket that a server has.
    pub const BUCKET: &str = "attachments";

    /// Starts a server with an empty bucket.
    ///
    /// # Errors
    /// When its program is not installed, or it does not start.
    pub async fn start(supervisor: &Supervisor) -> anyhow::Result<Self> {
        ensure!(
            Path::new(PROGRAM).exists(),
            "there is no {PROGRAM}: run dev/scripts/install-s3-server.sh (`make test` does)"
        );
        on_free_ports(supervisor, ["S3_PORT"], async |[port]| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let mut program = Program::new("s3", PROGRAM);
            program.command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            program.rank = Rank::Server;
            program.output = Output::LogFile;
            let process = supervisor.start(program)?;
            process.ready(&Probe::Tcp(address), READY_LIMIT).await?;
            let created = status_of(address, &format!("PUT /{}", Self::BUCKET)).await?;
            ensure!(created == 200, "the bucket was not created: {created}");
            Ok(Self { process, address })
        })
        .await
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// The settings of a gateway that reaches the server at `address`: its own, or that of a proxy.
    pub fn settings(address: SocketAddr) -> [(&'static str, String); 6] {
        [
            ("ATTACHMENT_STORE", format!("s3://{}/files", Self::BUCKET)),
            ("AWS_ENDPOINT_URL", format!("http://{address}")),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "key".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
        ]
    }
}
