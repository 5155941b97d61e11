use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};

use crate::{Output, Probe, Process, Program, Rank, Supervisor, ports::on_free_ports};

const READY_LIMIT: Duration = Duration::from_secs(60);

/// Its places in Debian's package, which only root's PATH contains.
const PROGRAMS: [&str; 2] = ["/usr/sbin/clamd", "/usr/bin/clamd"];

/// The one signature that it knows: MD5, length and name of EICAR's test file,
/// <https://www.eicar.org/download-anti-malware-testfile/>.
const SIGNATURE: &str = "44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test-Signature\n";

/// ClamAV's daemon, which finds [`Clamd::EICAR`] and nothing else.
#[derive(Debug)]
pub struct Clamd {
    process: Arc<Process>,
    address: SocketAddr,
}

impl Clamd {
    /// The file that each virus scanner finds, and that harms nothing.
    pub const EICAR: &str = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

    /// Starts a daemon.
    ///
    /// # Errors
    /// When it is not installed, or does not start.
    pub async fn start(supervisor: &Supervisor) -> anyhow::Result<Self> {
        let installed = PROGRAMS.into_iter().find(|program| Path::new(program).exists());
        let installed = installed.context(
            "clamd is not installed: run dev/scripts/install-packages.sh clamav (`make test` does)",
        )?;
        let directory = supervisor.directory().join("clamd");
        // Neither the words of its configuration nor its paths can be quoted.
        ensure!(
            !directory.to_string_lossy().contains(char::is_whitespace),
            "clamd cannot run in a directory with a space in its path, {}",
            directory.display()
        );
        fs::create_dir_all(&directory)?;
        fs::write(directory.join("eicar.hdb"), SIGNATURE)?;
        on_free_ports(supervisor, ["CLAMD_PORT"], async |[port]| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let mut program = Program::new("clamd", installed);
            program.command.arg("--config-file").arg(configuration(&directory, address)?);
            program.rank = Rank::Server;
            program.output = Output::LogFile;
            let process = supervisor.start(program)?;
            process.ready(&Probe::Tcp(address), READY_LIMIT).await?;
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
}

/// Writes its configuration, and returns the file.
fn configuration(directory: &Path, address: SocketAddr) -> anyhow::Result<PathBuf> {
    let file = directory.join("clamd.conf");
    let text = format!(
        "Foreground yes\n\
         TCPAddr {}\n\
         TCPSocket {}\n\
         DatabaseDirectory {}\n",
        address.ip(),
        address.port(),
        directory.display()
    );
    fs::write(&file, text)?;
    Ok(file)
}
