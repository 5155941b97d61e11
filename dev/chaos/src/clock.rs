use std::{fs, path::PathBuf};

use anyhow::Context;
use stack::Variables;

/// A clock that one process sees instead of the machine's, by means of libfaketime.
#[derive(Debug)]
pub struct Clock {
    file: PathBuf,
    library: PathBuf,
}

/// Where Debian has it, below the directory of the machine's architecture.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

impl Clock {
    /// A clock that is right so far, set by way of `file`.
    ///
    /// # Errors
    /// When libfaketime is not installed, or the file cannot be written.
    pub fn new(file: PathBuf) -> anyhow::Result<Self> {
        let library = fs::read_dir("/usr/lib")?
            .filter_map(|entry| Some(entry.ok()?.path().join(LIBRARY)))
            .find(|library| library.exists())
            .context("libfaketime is not installed")?;
        let clock = Self { file, library };
        clock.set(0)?;
        Ok(clock)
    }

    /// Has the clock be ahead of the machine's by `milliseconds`, or behind it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set(&self, milliseconds: i64) -> anyhow::Result<()> {
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{:+.3}", milliseconds as f64 / 1_000.0))?;
        // Who reads it meanwhile sees the old one or the new one.
        fs::rename(new, &self.file).context("cannot set a clock")
    }

    /// Tells a process, by its variables, to see this clock.
    pub fn tell(&self, variables: &mut Variables) {
        variables.set("LD_PRELOAD", self.library.to_string_lossy());
        variables.set("FAKETIME_TIMESTAMP_FILE", self.file.to_string_lossy());
        variables.set("FAKETIME_NO_CACHE", "1");
        // Time limits are measured by another clock, which nobody sets.
        variables.set("DONT_FAKE_MONOTONIC", "1");
    }
}
