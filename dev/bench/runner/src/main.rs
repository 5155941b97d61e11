//! The program: see `bench --help`.

mod backlog;
mod bodies;
mod environment;
mod figures;
mod large;
mod load;
mod picture;
mod reference;
mod report;
mod row;
mod rows;
mod scale;
mod scrape;
mod testbed;
mod usage;

use std::{env, fs, path::PathBuf, process::ExitCode, time::Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use service::install_crypto;

use crate::{
    report::Report,
    scale::Scale,
    testbed::{Run, Testbed},
};

/// Measures the system and reference programs in turns on private servers, and reports the ratios
#[derive(Debug, Parser)]
#[command(version)]
struct Command {
    /// The numbers of the rows; all rows when there is none
    #[arg(value_name = "ROW", value_parser = clap::value_parser!(u8).range(1..=15))]
    rows: Vec<u8>,

    /// Measure one short round of each row
    #[arg(long)]
    quick: bool,

    /// Write the rows into this page; each replaces the older one of its number. The numbers are
    /// beside it with the extension .json, the picture with .svg
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// The directory of the notes of rows, in files such as 3.md
    #[arg(long, value_name = "DIR", default_value = "dev/bench/notes")]
    notes: PathBuf,

    /// The directory of the servers' data
    #[arg(long = "dir", value_name = "DIR", default_value = ".local/bench")]
    directory: PathBuf,

    /// The directory of the programs; without it, the directory of this program
    #[arg(long = "bin-dir", value_name = "DIR")]
    binaries: Option<PathBuf>,

    /// The directory of an earlier release's programs, with which row 13 compares;
    /// dev/scripts/earlier-release.sh builds them
    #[arg(long, value_name = "DIR", default_value = ".local/earlier/bin")]
    earlier: PathBuf,
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "the error is for the caller")]
async fn main() -> ExitCode {
    install_crypto();
    match bench(Command::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the numbers are the output")]
async fn bench(command: Command) -> anyhow::Result<()> {
    let binaries = match command.binaries.clone() {
        Some(binaries) => binaries,
        None => env::current_exe()?.parent().context("no directory")?.to_owned(),
    };
    let pace = if command.quick { "quick" } else { "full" };
    let scale = if command.quick { Scale::quick() } else { Scale::full() };
    let run = Run {
        binaries,
        earlier: command.earlier.clone(),
        directory: command.directory.clone(),
        scale,
    };
    let chosen = if command.rows.is_empty() { rows::ALL.collect() } else { command.rows.clone() };

    let json = command.report.as_ref().map(|page| page.with_extension("json"));
    let mut report = json.as_deref().map(Report::read).transpose()?.unwrap_or_default();
    let testbed = Testbed::new(&run).await?;
    report.setting = environment::describe(&testbed, pace).await?;
    testbed.close().await;

    raise_fd_limit()?;
    let began = Instant::now();
    let mut sustained = None;
    for number in chosen {
        let measurement = rows::measure(number, &run, sustained).await;
        let measurement = measurement.with_context(|| format!("row {number}"))?;
        if number == 4 {
            sustained = measurement.row.raw.first().map(|sustained| sustained.figures.median());
            report.curves = measurement.curves;
        }
        for line in report::lines(&measurement.row) {
            println!("{line}");
        }
        report.rows.insert(number, measurement.row);
        write(&command, &report)?;
    }
    println!("{} s", began.elapsed().as_secs());
    Ok(())
}

/// Raises the limit of open files for row 8, which opens 10,000 connections. Child processes
/// inherit it.
fn raise_fd_limit() -> anyhow::Result<()> {
    const WANTED: u64 = 32_768;
    let (allowed, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    // Only root may exceed the hard limit.
    let asked = setrlimit(Resource::RLIMIT_NOFILE, allowed.max(WANTED), most.max(WANTED));
    asked.or_else(|_| setrlimit(Resource::RLIMIT_NOFILE, most, most))?;
    Ok(())
}

/// Called after each row, so that an interrupted run keeps its results.
fn write(command: &Command, report: &Report) -> anyhow::Result<()> {
    let Some(page) = &command.report else { return Ok(()) };
    let picture = page.with_extension("svg");
    let name = picture.file_name().and_then(|name| name.to_str()).context("no file name")?;
    ensure!(
        page.extension().is_some_and(|extension| extension == "md"),
        "--report needs the extension .md"
    );
    fs::write(page.with_extension("json"), serde_json::to_string_pretty(report)? + "\n")?;
    fs::write(page, report.page(&command.notes, name)?)?;
    if !report.curves.is_empty() {
        fs::write(&picture, picture::draw(&report.curves)?)?;
    }
    Ok(())
}
