use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD};
use uuid::Uuid;

use crate::Variables;

/// The values that a directory keeps from one run to the next: secrets and names, and ports, which
/// are used again while they are free.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    variables: Mutex<Variables>,
}

impl Kept {
    pub(crate) fn open(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join("kept");
        let variables = Mutex::new(Variables::read(&path)?);
        Ok(Self { path, variables })
    }

    /// The value of `name`, which is that of `make` the first time.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn value(&self, name: &str, make: impl FnOnce() -> String) -> anyhow::Result<String> {
        let mut variables = self.lock();
        if let Some(value) = variables.get(name) {
            return Ok(value.to_owned());
        }
        let value = make();
        variables.set(name, &value);
        variables.write(&self.path)?;
        Ok(value)
    }

    /// Free ports of the loopback address: those of the last run if they are free, unless `others` is
    /// set.
    ///
    /// # Errors
    /// When no port is free, or the file cannot be written.
    pub fn ports<const N: usize>(
        &self,
        names: [&str; N],
        others: bool,
    ) -> anyhow::Result<[u16; N]> {
        let mut variables = self.lock();
        // All listen until the last is found, so that they differ.
        let mut held = Vec::new();
        let mut ports = [0; N];
        for (name, port) in names.iter().zip(&mut ports) {
            let last = variables.get(name).and_then(|port| port.parse().ok());
            let listener = free(last.filter(|_| !others)).context("no port is free")?;
            *port = listener.local_addr()?.port();
            variables.set(name, port.to_string());
            held.push(listener);
        }
        variables.write(&self.path)?;
        Ok(ports)
    }

    fn lock(&self) -> MutexGuard<'_, Variables> {
        self.variables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 32 hexadecimal digits with 122 random bits.
pub(crate) fn secret() -> String {
    Uuid::new_v4().simple().to_string()
}

/// 64 hexadecimal digits, for signatures that need at least 32 bytes.
pub(crate) fn long_secret() -> String {
    secret() + &secret()
}

/// An encryption key: 32 bytes in base64, with 244 random bits.
pub(crate) fn master_key() -> String {
    STANDARD.encode([Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes).as_flattened())
}

/// A random name, such as `chat_1b9d6bcd`, so that those of other directories differ.
pub(crate) fn name() -> String {
    let mut digits = secret();
    digits.truncate(8);
    format!("chat_{digits}")
}

/// Seven digits: official clients of Pusher accept only digits as the id of an application.
pub(crate) fn number() -> String {
    (1_000_000 + Uuid::new_v4().as_u128() % 9_000_000).to_string()
}

/// The prefix of the variables of `name`: `GATEWAY_2` for `gateway-2`.
pub(crate) fn prefix(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

fn free(preferred: Option<u16>) -> std::io::Result<TcpListener> {
    preferred
        .and_then(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        .map_or_else(|| TcpListener::bind(("127.0.0.1", 0)), Ok)
}
