//! The program: see `chaos --help`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use ::service::{install_crypto, shutdown};
use anyhow::{Context, ensure};
use chaos::{Fault, Options, Parts, Row, Scale, report, run};
use clap::Parser;

/// Injects faults into a whole private system under load, one after the other, and accounts for
/// every message. Fails when an accepted message is lost, duplicated, in a wrong session, not
/// broadcast or a dead letter
#[derive(Debug, Parser)]
#[command(version)]
struct Command {
    /// The names of the faults; all faults when there is none
    #[arg(value_name = "FAULT")]
    faults: Vec<String>,

    /// List the faults, and exit
    #[arg(long)]
    list: bool,

    /// The seed of random choices; without it, a random one
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// Use the RabbitMQ of this root file system, such as an unpacked container image, instead of
    /// the installed one; needs root
    #[arg(long, env = "RABBITMQ_ROOT", value_name = "DIR")]
    rabbitmq_root: Option<PathBuf>,

    /// Write the rows into this page; each replaces the older one of the same fault, seed and
    /// servers
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Parent of the systems' directories, one for each fault
    #[arg(long = "dir", value_name = "DIR", default_value = ".local/chaos")]
    directory: PathBuf,

    /// The directory of the services' programs; without it, the directory of this program
    #[arg(long = "bin-dir", value_name = "DIR")]
    binaries: Option<PathBuf>,
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "the error is for the caller")]
async fn main() -> ExitCode {
    install_crypto();
    match drill(Command::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all drills passed.
#[expect(clippy::print_stdout, reason = "the table is the output")]
async fn drill(command: Command) -> anyhow::Result<bool> {
    let faults = chosen(&command.faults)?;
    if command.list {
        for fault in faults {
            println!("{:<20} {}", fault.name, fault.description);
        }
        return Ok(true);
    }
    let binaries = match command.binaries {
        Some(binaries) => binaries,
        None => own_directory()?,
    };
    let options = Options {
        directory: command.directory,
        parts: Parts { binaries, rabbitmq_root: command.rabbitmq_root },
        seed: command.seed.unwrap_or_else(|| fastrand::u64(0..1_000_000)),
        scale: Scale::Full,
        stop: shutdown::on_signal()?,
    };
    println!("seed {}\n\n{}", options.seed, report::head());
    let (mut passed, count) = (0, faults.len());
    for fault in faults {
        if options.stop.is_cancelled() {
            break;
        }
        let row = run(&[fault], &options).await;
        println!("{}", report::line(&row));
        if let Some(page) = &command.report {
            write(page, options.seed, &row)
                .with_context(|| format!("cannot write {}", page.display()))?;
        }
        passed += usize::from(row.problems.is_empty());
    }
    println!("\n{passed} of {count} passed");
    Ok(passed == count)
}

fn chosen(names: &[String]) -> anyhow::Result<Vec<Fault>> {
    let mut faults = chaos::all();
    for name in names {
        ensure!(
            faults.iter().any(|fault| fault.name == name),
            "there is no fault {name}; --list lists all"
        );
    }
    if !names.is_empty() {
        faults.retain(|fault| names.iter().any(|name| name == fault.name));
    }
    Ok(faults)
}

fn own_directory() -> anyhow::Result<PathBuf> {
    let own = env::current_exe().context("cannot find this program")?;
    Ok(own.parent().unwrap_or(Path::new("/")).to_owned())
}

/// Called after each drill, so that an interrupted run keeps its results.
fn write(page: &Path, seed: u64, row: &Row) -> anyhow::Result<()> {
    let title = format!("{}, seed {seed}", row.servers);
    let all = chaos::all();
    let faults: Vec<_> = all.iter().map(|fault| fault.name).collect();
    let text = fs::read_to_string(page).unwrap_or_else(|_| "# Faults\n".to_owned());
    let new = page.with_extension("new");
    fs::write(&new, report::with_row(&text, &title, row, &faults))?;
    Ok(fs::rename(new, page)?)
}
