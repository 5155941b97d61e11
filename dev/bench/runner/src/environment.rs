//! The environment of a measurement.

use std::{fs, process::Command};

use anyhow::Context as _;

use crate::{report::Environment, testbed::Testbed};

/// The machine and the versions of the programs.
///
/// # Errors
/// When a server does not report its version, or a program that the rows need is missing.
pub async fn describe(testbed: &Testbed, pace: &str) -> anyhow::Result<Environment> {
    let cores = std::thread::available_parallelism()?;
    let postgres = testbed.servers.postgres.version().await?;
    let mut environment = vec![
        ("when".to_owned(), chrono::Utc::now().format("%Y-%m-%d").to_string()),
        (
            "commit".to_owned(),
            output_of("git", &["describe", "--always", "--dirty", "--abbrev=10"])?,
        ),
        ("pace".to_owned(), pace.to_owned()),
        ("cores".to_owned(), cores.to_string()),
        ("processor".to_owned(), value_in("/proc/cpuinfo", "model name")),
        ("memory".to_owned(), value_in("/proc/meminfo", "MemTotal")),
        ("Linux".to_owned(), fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned()),
        ("RabbitMQ".to_owned(), testbed.servers.rabbitmq.version().await?),
        ("PostgreSQL".to_owned(), postgres),
    ];
    for (name, program) in [("Rust", "rustc"), ("Node.js", "node"), ("oha", "oha")] {
        environment.push((name.to_owned(), output_of(program, &["--version"])?));
    }
    Ok(Environment(environment))
}

fn output_of(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).output().with_context(|| {
        format!("cannot start {program}; `make bench` installs what is missing")
    })?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn value_in(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_once(':'))
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default()
}
