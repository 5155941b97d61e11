//! Where it was measured.

use std::{fs, process::Command};

use crate::{lab::Lab, report::Setting};

/// The machine and the programs.
///
/// # Errors
/// When a server does not tell its version.
pub async fn describe(lab: &Lab, pace: &str) -> anyhow::Result<Setting> {
    let cores = std::thread::available_parallelism()?;
    let postgres = lab.servers.postgres.version().await?;
    let mut setting = vec![
        ("when".to_owned(), chrono::Utc::now().format("%Y-%m-%d").to_string()),
        ("commit".to_owned(), said_by("git", &["describe", "--always", "--dirty", "--abbrev=10"])),
        ("pace".to_owned(), pace.to_owned()),
        ("cores".to_owned(), cores.to_string()),
        ("processor".to_owned(), line_of("/proc/cpuinfo", "model name")),
        ("memory".to_owned(), line_of("/proc/meminfo", "MemTotal")),
        ("Linux".to_owned(), fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned()),
        ("RabbitMQ".to_owned(), lab.servers.rabbitmq.version().await?),
        ("PostgreSQL".to_owned(), postgres),
    ];
    for (name, program) in [("Rust", "rustc"), ("Node.js", "node"), ("oha", "oha")] {
        setting.push((name.to_owned(), said_by(program, &["--version"])));
    }
    Ok(Setting(setting))
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned()).unwrap_or_default()
}

fn line_of(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_once(':')).map(|it| it.1.trim().to_owned()).unwrap_or_default()
}
