//! Counts the instructions of the services' work for each message, and compares them with the
//! recorded counts. They do not depend on the load of the machine.

mod callgrind;
mod record;

use std::{collections::BTreeMap, process::ExitCode};

use anyhow::Context;
use bench_costs::{COSTS, Call, Cost};
use clap::Parser;
use record::Record;

/// Calls before those that are counted, to exclude one-time work.
const FIRST_CALLS: u32 = 10;

/// Counted calls.
const CALLS: u32 = 100;

const INSTRUCTIONS: &str = "
callgrind_annotate target/release/costs/NAME.callgrind shows where they are spent. If the change is intended,
record it with make costs WRITE=1.
";

/// Counts the instructions of the services' work for each message
#[derive(Debug, Parser)]
enum Command {
    /// Compare with instructions.json; fail when an item costs more or less
    Compare,
    /// Write instructions.json
    Write,
    /// Do the work of one item, under callgrind
    Do {
        /// Name of the item
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
            print(INSTRUCTIONS);
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
            let mut call = cost.context("no item has this name")?.prepare()?;
            for _ in 0..FIRST_CALLS {
                call()?;
            }
            counted_calls(&mut call)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The instructions of each item.
fn count() -> anyhow::Result<Record> {
    let mut counted = BTreeMap::new();
    for Cost { name, .. } in COSTS {
        let instructions = callgrind::count(name, "*counted_calls*")
            .with_context(|| format!("{name} cannot be counted"))?;
        counted.insert(name.to_owned(), instructions / u64::from(CALLS));
    }
    Ok(Record(counted))
}

/// Not inlined, so that callgrind counts only this function and its callees.
#[inline(never)]
fn counted_calls(call: &mut Call) -> anyhow::Result<()> {
    (0..CALLS).try_for_each(|_| call())
}

#[expect(clippy::print_stdout, reason = "the comparison is the output")]
fn print(text: &str) {
    print!("{text}");
}
