//! The program `stack`; see `stack --help`.

mod commands;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    commands::Command::parse().run().await
}
