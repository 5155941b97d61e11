//! The program: see `bench --help`.

mod backlog;
mod bodies;
mod contender;
mod figures;
mod lab;
mod large;
mod load;
mod picture;
mod report;
mod row;
mod rows;
mod scale;
mod scrape;
mod setting;
mod usage;

use std::{env, fs, path::PathBuf, process::ExitCode, time::Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use service::install_crypto;

use crate::{
    lab::{Lab, Place},
    report::Report,
    scale::Scale,
};

/// Measures the system and what it is held against, in turns, on private servers, and writes down the
/// ratios
#[derive(Debug, Parser)]
#[command(version)]
struct Command {
    /// The rows, by number; all of them when none is named
    #[arg(value_name = "ROW", value_parser = clap::value_parser!(u8).range(1..=12))]
    rows: Vec<u8>,

    /// One short round of everything, for a first impression
    #[arg(long)]
    quick: bool,

    /// Put the rows into this page, each in the place of the older one of its number. The numbers lie
    /// beside it with the ending .json, and the picture with .svg
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// What is to be said of a row stands in this directory, in files such as 3.md
    #[arg(long, value_name = "DIR", default_value = "dev/bench/notes")]
    notes: PathBuf,

    /// Where the servers keep everything
    #[arg(long = "dir", value_name = "DIR", default_value = ".local/bench")]
    directory: PathBuf,

    /// The directory of the programs; without it, the one that this program is in
    #[arg(long = "bin-dir", value_name = "DIR")]
    binaries: Option<PathBuf>,
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "what went wrong, to the one who asked for it")]
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

#[expect(clippy::print_stdout, reason = "the numbers are the answer")]
async fn bench(command: Command) -> anyhow::Result<()> {
    let binaries = match command.binaries.clone() {
        Some(binaries) => binaries,
        None => env::current_exe()?.parent().context("no directory")?.to_owned(),
    };
    let pace = if command.quick { "quick" } else { "full" };
    let scale = if command.quick { Scale::quick() } else { Scale::full() };
    let place = Place { binaries, directory: command.directory.clone(), scale };
    let chosen = if command.rows.is_empty() { rows::ALL.collect() } else { command.rows.clone() };

    let json = command.report.as_ref().map(|page| page.with_extension("json"));
    let mut report = json.as_deref().map(Report::read).transpose()?.unwrap_or_default();
    let lab = Lab::new(&place).await?;
    report.setting = setting::describe(&lab, pace).await?;
    lab.close().await;

    allow_files()?;
    let began = Instant::now();
    let mut sustained = None;
    for number in chosen {
        let found = rows::measure(number, &place, sustained).await;
        let found = found.with_context(|| format!("row {number}"))?;
        if number == 4 {
            sustained = found.row.raw.first().map(|it| it.figures.median());
            report.curves = found.curves;
        }
        for line in report::lines(&found.row) {
            println!("{line}");
        }
        report.rows.insert(number, found.row);
        write(&command, &report)?;
    }
    println!("{} s", began.elapsed().as_secs());
    Ok(())
}

/// Asks for as many open files as row 8 takes at the gateway, two for each connection; every program
/// that is started has the same limit.
fn allow_files() -> anyhow::Result<()> {
    const WANTED: u64 = 32_768;
    let (allowed, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    // Beyond the system's limit only root gets.
    let asked = setrlimit(Resource::RLIMIT_NOFILE, allowed.max(WANTED), most.max(WANTED));
    asked.or_else(|_| setrlimit(Resource::RLIMIT_NOFILE, most, most))?;
    Ok(())
}

/// Writes at once, so that a run that is interrupted leaves what it has found out.
fn write(command: &Command, report: &Report) -> anyhow::Result<()> {
    let Some(page) = &command.report else { return Ok(()) };
    let picture = page.with_extension("svg");
    let name = picture.file_name().and_then(|name| name.to_str()).context("no file name")?;
    ensure!(page.extension().is_some_and(|it| it == "md"), "--report needs the ending .md");
    fs::write(page.with_extension("json"), serde_json::to_string_pretty(report)? + "\n")?;
    fs::write(page, report.page(&command.notes, name)?)?;
    if !report.curves.is_empty() {
        fs::write(&picture, picture::draw(&report.curves)?)?;
    }
    Ok(())
}
