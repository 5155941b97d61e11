//! What is sent and asked, as files that `oha` reads line by line.

use std::{fs, path::PathBuf};

use serde_json::json;

use crate::lab::Place;

/// Sends of staff to so many players, in turn. Who takes them gives each an id.
///
/// # Errors
/// When the file cannot be written.
pub fn sends(place: &Place, players: u32) -> anyhow::Result<PathBuf> {
    let send = |player: u32| {
        let content = format!("We have found your sword, and are on our way to quest {player}");
        let player = format!("player-{player}");
        json!({"playerId": player, "senderType": "staff", "content": content}).to_string()
    };
    write(place, "sends", (0..players).map(send))
}

/// Addresses.
///
/// # Errors
/// When the file cannot be written.
pub fn urls(
    place: &Place,
    name: &str,
    urls: impl Iterator<Item = String>,
) -> anyhow::Result<PathBuf> {
    write(place, name, urls)
}

fn write(
    place: &Place,
    name: &str,
    lines: impl Iterator<Item = String>,
) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(&place.directory)?;
    let path = place.directory.join(name);
    fs::write(&path, lines.collect::<Vec<_>>().join("\n"))?;
    Ok(path)
}
