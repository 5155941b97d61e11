use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};

/// Debian's directory for PostgreSQL, with one directory for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs of one version of PostgreSQL.
#[derive(Debug)]
pub(super) struct Installation {
    programs: PathBuf,
}

impl Installation {
    /// The version of `data`, or the newest version if there are no data.
    pub(super) fn find(data: &Path) -> anyhow::Result<Self> {
        let mut versions = debian_versions();
        let made_by = fs::read_to_string(data.join("PG_VERSION")).ok();
        if let Some(version) = made_by.and_then(|text| text.trim().parse::<u32>().ok()) {
            ensure!(
                versions.is_empty() || versions.contains(&version),
                "{} is of PostgreSQL {version}, which is not installed; \
                 remove it to start without data, or install that version",
                data.display()
            );
            versions.retain(|one| *one == version);
        }
        versions
            .into_iter()
            .max()
            .map(programs_of)
            .or_else(on_path)
            .map(|programs| Self { programs })
            .context("PostgreSQL is not installed")
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }
}

fn programs_of(version: u32) -> PathBuf {
    Path::new(DEBIAN).join(version.to_string()).join("bin")
}

fn debian_versions() -> Vec<u32> {
    let entries = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|version| programs_of(*version).join("postgres").exists())
        .collect()
}

fn on_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).find(|directory| directory.join("initdb").exists())
}
