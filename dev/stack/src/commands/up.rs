use std::{
    env,
    fs::{self, File},
    path::Path,
    process::{ExitCode, Stdio},
    time::Duration,
};

use anyhow::Context;
use clap::Args;
use nix::sys::signal::Signal;
use stack::{Console, Identity, Variables, supervisor_of};
use tokio::{
    process::{Child, Command},
    time::sleep,
};

use super::{Binaries, Interrupts, Place, interrupts::exit_code, print, summary};

const POLL: Duration = Duration::from_millis(50);
/// Lines of the log that are printed when the start fails.
const TAIL_LINES: usize = 60;

/// The settings of `stack up`.
#[derive(Args, Debug)]
pub struct Up {
    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    binaries: Binaries,
}

impl Up {
    /// Starts `stack run` in the background, and waits until it is ready or has ended.
    pub async fn run(self, interrupts: &mut Interrupts) -> anyhow::Result<ExitCode> {
        let directory = &self.place.directory;
        fs::create_dir_all(directory.join("logs")).context("cannot create the directory")?;
        let directory = directory.canonicalize()?;
        if let Some(supervisor) = supervisor_of(&directory) {
            print(&format!("already running, as process {}", supervisor.pid()));
            return Ok(ExitCode::SUCCESS);
        }
        let log = directory.join("logs/stack.log");
        let mut child = self.start(&directory, &log)?;
        let pid = child.id().context("it ended at once")?;
        let variables = tokio::select! {
            variables = ready(pid, &directory) => variables?,
            status = child.wait() => {
                let text = fs::read_to_string(&log).unwrap_or_default();
                Console::Errors.print(&format!("it did not start ({}):", status?));
                Console::Errors.print(tail(&text));
                return Ok(ExitCode::FAILURE);
            }
            signal = interrupts.next() => {
                if let Some(process) = Identity::of(pid) {
                    process.signal(Signal::SIGTERM);
                }
                child.wait().await?;
                return Ok(exit_code(signal as i32));
            }
        };
        print(&summary::text(&variables, &directory));
        Ok(ExitCode::SUCCESS)
    }

    fn start(&self, directory: &Path, log: &Path) -> anyhow::Result<Child> {
        let log = File::create(log).context("cannot write its log file")?;
        Command::new(env::current_exe().context("cannot find this program")?)
            .args(["run", "--detached", "--dir"])
            .arg(directory)
            .arg("--bin-dir")
            .arg(self.binaries.directory()?)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start in the background")
    }
}

/// Waits until the file `env` is that of the supervisor `pid`: a killed one may have left one.
async fn ready(pid: u32, directory: &Path) -> anyhow::Result<Variables> {
    let pid = pid.to_string();
    loop {
        let variables = Variables::read(&directory.join("env"))?;
        if variables.get("PID_STACK") == Some(&pid) {
            return Ok(variables);
        }
        sleep(POLL).await;
    }
}

fn tail(text: &str) -> &str {
    let mut starts = text.rmatch_indices('\n').map(|(index, _)| index + 1);
    let start = starts.nth(TAIL_LINES).unwrap_or(0);
    text.get(start..).unwrap_or(text)
}
