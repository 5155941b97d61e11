use std::{
    env,
    fs::{self, File},
    path::Path,
    process::{ExitCode, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::Context;
use clap::Args;
use nix::sys::signal::Signal;
use stack::{Console, Identity, Variables, holder};
use tokio::{
    process::{Child, Command},
    time::sleep,
};

use super::{Binaries, Interrupts, Place, answer, interrupts::exit_code, summary};

const POLL: Duration = Duration::from_millis(50);
/// Lines of the log that tell why it failed.
const TAIL_LINES: usize = 60;

/// The settings of `stack up`.
#[derive(Args, Debug)]
pub struct Up {
    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    binaries: Binaries,
}

enum Outcome {
    Ready(Variables),
    Ended(ExitStatus),
    Interrupted(Signal),
}

impl Up {
    /// Starts `stack run` in the background. Every wait within it ends, so this one does too.
    pub async fn run(self, interrupts: &mut Interrupts) -> anyhow::Result<ExitCode> {
        let directory = &self.place.directory;
        fs::create_dir_all(directory.join("logs")).context("cannot make the directory")?;
        let directory = directory.canonicalize()?;
        if let Some(holder) = holder(&directory) {
            answer(&format!("already running, as process {}", holder.pid()));
            return Ok(ExitCode::SUCCESS);
        }
        let log = directory.join("logs/stack.log");
        let mut child = self.start(&directory, &log)?;
        let outcome = tokio::select! {
            outcome = ready_or_ended(&mut child, &directory) => outcome?,
            signal = interrupts.next() => Outcome::Interrupted(signal),
        };
        match outcome {
            Outcome::Ready(variables) => {
                answer(&summary::text(&variables, &directory));
                Ok(ExitCode::SUCCESS)
            }
            Outcome::Ended(status) => {
                let text = fs::read_to_string(&log).unwrap_or_default();
                let console = Console::errors();
                console.say(&format!("it did not start ({status}):"));
                console.say(tail(&text));
                Ok(ExitCode::FAILURE)
            }
            Outcome::Interrupted(signal) => {
                if let Some(process) = child.id().and_then(Identity::of) {
                    process.signal(Signal::SIGTERM);
                }
                child.wait().await?;
                Ok(exit_code(signal as i32))
            }
        }
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

/// The file `env` is there from the moment when everything is ready. One that a killed supervisor
/// left may be there before, so it is asked whose it is.
async fn ready_or_ended(child: &mut Child, directory: &Path) -> anyhow::Result<Outcome> {
    let own = child.id().map(|pid| pid.to_string());
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Outcome::Ended(status));
        }
        let variables = Variables::read(&directory.join("env"))?;
        if own.is_some() && variables.get("PID_STACK") == own.as_deref() {
            return Ok(Outcome::Ready(variables));
        }
        sleep(POLL).await;
    }
}

fn tail(text: &str) -> &str {
    let mut starts = text.rmatch_indices('\n').map(|(index, _)| index + 1);
    let start = starts.nth(TAIL_LINES).unwrap_or(0);
    text.get(start..).unwrap_or(text)
}
