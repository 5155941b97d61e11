use std::{fs, path::PathBuf};

use crate::Variables;
use anyhow::Context;

/// A clock that a process reads instead of the machine's, by libfaketime.
#[derive(Debug)]
pub struct FakeClock {
    file: PathBuf,
    library: PathBuf,
}

/// The library's path in Debian, below the directory of the machine's architecture.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

impl FakeClock {
    /// A clock that shows the machine's time and is set through `file`.
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

    /// Sets the clock ahead of the machine's by `milliseconds`; behind it when they are negative.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set(&self, milliseconds: i64) -> anyhow::Result<()> {
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{:+.3}", milliseconds as f64 / 1_000.0))?;
        // A rename is atomic: the library reads the old value or the new one.
        fs::rename(new, &self.file).context("cannot set a clock")
    }

    /// Sets the variables with which a process reads this clock.
    pub fn set_variables(&self, variables: &mut Variables) {
        variables.set("LD_PRELOAD", self.library.to_string_lossy());
        variables.set("FAKETIME_TIMESTAMP_FILE", self.file.to_string_lossy());
        variables.set("FAKETIME_NO_CACHE", "1");
        // Timeouts use the monotonic clock, which stays right.
        variables.set("DONT_FAKE_MONOTONIC", "1");
    }
}
