//! Bodies and URLs of requests, in files that `oha` reads line by line.

use std::{fs, path::PathBuf};

use serde_json::json;

use crate::testbed::Run;

/// Sends of staff to `players` players in turn, without a `messageId`.
///
/// # Errors
/// When the file cannot be written.
pub fn sends(run: &Run, players: u32) -> anyhow::Result<PathBuf> {
    let send = |player: u32| {
        let content = format!("We have found your sword, and are on our way to quest {player}");
        let player = format!("player-{player}");
        json!({"playerId": player, "senderType": "staff", "content": content}).to_string()
    };
    write(run, "sends", (0..players).map(send))
}

/// URLs.
///
/// # Errors
/// When the file cannot be written.
pub fn urls(run: &Run, name: &str, urls: impl Iterator<Item = String>) -> anyhow::Result<PathBuf> {
    write(run, name, urls)
}

fn write(run: &Run, name: &str, lines: impl Iterator<Item = String>) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(&run.directory)?;
    let path = run.directory.join(name);
    fs::write(&path, lines.collect::<Vec<_>>().join("\n"))?;
    Ok(path)
}
