use std::{
    fs,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt, chown},
    path::Path,
};

use anyhow::Context;
use nix::unistd::{Uid, User};
use tokio::process::Command;

/// The user that Debian's package creates.
const POSTGRES: &str = "postgres";

/// PostgreSQL's programs refuse to run as root. For root they run as the user `postgres`, with the
/// capability to enter directories that are closed to it, such as `/root`.
const AS_POSTGRES: [&str; 5] = [
    "--reuid=postgres",
    "--regid=postgres",
    "--init-groups",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
];

/// The account that PostgreSQL runs as: another user, or that of this process.
#[derive(Debug)]
pub(super) struct Account(Option<User>);

impl Account {
    /// Creates `directory` for the account.
    pub(super) fn for_directory(directory: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)?;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
        if !Uid::effective().is_root() {
            return Ok(Self(None));
        }
        let user = User::from_name(POSTGRES)?
            .context("PostgreSQL refuses to run as root, and there is no user postgres")?;
        let account = Self(Some(user));
        account.own(directory)?;
        Ok(account)
    }

    /// The command that runs `program` as the account.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        if self.0.is_some() {
            command.args(AS_POSTGRES);
        }
        command.arg("--").arg(program);
        command
    }

    /// Writes a file that only the account may read.
    pub(super) fn write(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        let write = || {
            let mut options = fs::OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
            self.own(path)?;
            file.write_all(text.as_bytes())
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }

    fn own(&self, path: &Path) -> std::io::Result<()> {
        match &self.0 {
            Some(user) => chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())),
            None => Ok(()),
        }
    }
}
