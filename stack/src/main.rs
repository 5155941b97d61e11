//! The program: see `stack --help`.
#![expect(clippy::print_stdout, reason = "telling people what runs, and where, is what it is for")]

mod commands;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    commands::Command::parse().run().await
}
