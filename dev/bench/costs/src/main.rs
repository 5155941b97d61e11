//! Counts the instructions of what the services do over and over, and compares them with what was
//! written down. They do not depend on how busy a machine is.

mod callgrind;
mod record;

use std::{collections::BTreeMap, process::ExitCode};

use anyhow::Context;
use bench_costs::{COSTS, Call, Cost};
use clap::Parser;
use record::Record;

/// Calls before those that are counted, since some things are only done the first time.
const FIRST_CALLS: u32 = 10;

/// Calls that are counted.
const CALLS: u32 = 100;

const WHAT_NOW: &str = "
callgrind_annotate target/release/costs/NAME.callgrind shows what they are spent on. If that is meant to be,
make costs WRITE=1 writes it down.
";

/// Counts the instructions of what the services do over and over
#[derive(Debug, Parser)]
enum Command {
    /// Fails when something costs more or less than instructions.json says
    Compare,
    /// Writes instructions.json
    Write,
    /// Does one of them, for somebody who counts
    Do {
        /// Which
        name: String,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    match Command::parse() {
        Command::Compare => {
            let comparison = Record::read()?.compare(&count()?);
            print(&comparison.to_string());
            if comparison.is_same() {
                return Ok(ExitCode::SUCCESS);
            }
            print(WHAT_NOW);
            Ok(ExitCode::FAILURE)
        }
        Command::Write => {
            let now = count()?;
            let comparison = Record::read().unwrap_or_default().compare(&now);
            print(&comparison.to_string());
            now.write()?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Do { name } => {
            let cost = COSTS.iter().find(|cost| cost.name == name);
            let mut call = cost.context("nothing is called so")?.prepare()?;
            for _ in 0..FIRST_CALLS {
                call()?;
            }
            counted_calls(&mut call)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The instructions of each.
fn count() -> anyhow::Result<Record> {
    let mut counted = BTreeMap::new();
    for Cost { name, .. } in COSTS {
        let instructions = callgrind::count(name, "*counted_calls*")
            .with_context(|| format!("{name} cannot be counted"))?;
        counted.insert(name.to_owned(), instructions / u64::from(CALLS));
    }
    Ok(Record(counted))
}

/// A function of its own, so that callgrind can count what happens in it and nothing else.
#[inline(never)]
fn counted_calls(call: &mut Call) -> anyhow::Result<()> {
    (0..CALLS).try_for_each(|_| call())
}

#[expect(clippy::print_stdout, reason = "the answer to whoever asked")]
fn print(answer: &str) {
    print!("{answer}");
}
