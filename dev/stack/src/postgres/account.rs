use std::{
    fs,
    os::unix::fs::{OpenOptionsExt, PermissionsExt, chown},
    path::Path,
    process::Stdio,
};

use anyhow::{Context, bail};
use nix::unistd::{Uid, User};
use tokio::process::Command;

/// The user whom Debian makes for PostgreSQL.
const POSTGRES: &str = "postgres";

/// Capabilities that let that user reach a directory below ones that are closed to it, such as
/// `/root`. The first is enough; containers often have the second only.
const PASSES: [Option<&str>; 3] = [None, Some("dac_read_search"), Some("dac_override")];

/// As whom PostgreSQL runs: it refuses to run as root.
#[derive(Debug)]
pub(super) enum Account {
    /// As the user who runs this.
    Own,
    /// As another user, through `setpriv` with these arguments.
    Other { user: User, setpriv: Vec<String> },
}

impl Account {
    /// Makes `directory` for the account, and makes sure that it can be reached.
    pub(super) async fn for_directory(directory: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)?;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
        if !Uid::effective().is_root() {
            return Ok(Self::Own);
        }
        let user = User::from_name(POSTGRES)?
            .context("PostgreSQL refuses to run as root, and there is no user postgres")?;
        chown(directory, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
        for pass in PASSES {
            let account = Self::Other { user: user.clone(), setpriv: setpriv(pass) };
            if account.can_reach(directory).await? {
                return Ok(account);
            }
        }
        bail!(
            "the user {POSTGRES} cannot reach {}: use a directory whose parents everybody may enter",
            directory.display()
        )
    }

    /// The command that runs `program` as the account.
    pub(super) fn command(&self, program: &Path) -> Command {
        match self {
            Self::Own => Command::new(program),
            Self::Other { setpriv, .. } => {
                let mut command = Command::new("setpriv");
                command.args(setpriv).arg("--").arg(program);
                command
            }
        }
    }

    /// Writes a file that only the account may read.
    pub(super) fn write(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        let write = || {
            let options = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(path)?;
            if let Self::Other { user, .. } = self {
                chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
            }
            std::io::Write::write_all(&mut &options, text.as_bytes())
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }

    /// Whether the account can reach the directory; what is in it is its own.
    async fn can_reach(&self, directory: &Path) -> anyhow::Result<bool> {
        let status = self
            // `test` would not do: what it asks the kernel disregards capabilities.
            .command(Path::new("ls"))
            .arg("-d")
            .arg(directory.join("."))
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await
            .context("cannot start setpriv")?;
        Ok(status.success())
    }
}

fn setpriv(pass: Option<&str>) -> Vec<String> {
    let mut arguments = vec![
        format!("--reuid={POSTGRES}"),
        format!("--regid={POSTGRES}"),
        "--init-groups".to_owned(),
    ];
    if let Some(capability) = pass {
        arguments.push(format!("--inh-caps=+{capability}"));
        arguments.push(format!("--ambient-caps=+{capability}"));
    }
    arguments
}
