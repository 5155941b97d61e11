use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use nix::{sys::signal::Signal, unistd::Uid};
use tokio::process::Command;

use crate::program::setpriv;

/// RabbitMQ's own scripts in Debian's packages and in the official images. The scripts that Debian
/// has on the path are wrappers that change the user and write to /var.
const PLACES: [&str; 2] = ["/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin"];

/// The path in a root file system.
const PATH: &str = "/opt/erlang/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Mounts what a program needs in a root file system, and becomes the program there. The kernel
/// unmounts it when the last process of the mount namespace has ended.
const ENTER: &str = r#"
    root=$1 directory=$2
    shift 2
    for shared in /dev /proc /sys; do mount --rbind "$shared" "$root$shared"; done
    mount -t tmpfs tmpfs "$root/tmp"
    : >> "$root/etc/hosts"
    mount --bind /etc/hosts "$root/etc/hosts"
    mkdir -p "$root$directory"
    mount --bind "$directory" "$root$directory"
    exec chroot "$root" "$@"
"#;

/// An installed RabbitMQ: on this machine, or in a root file system.
#[derive(Clone, Debug)]
pub(super) struct Installation {
    root: Option<PathBuf>,
    scripts: PathBuf,
}

impl Installation {
    pub(super) fn find(root: Option<&Path>) -> anyhow::Result<Self> {
        let Some(root) = root else {
            let scripts = PLACES.map(PathBuf::from).into_iter().chain(path());
            let scripts = with_server(scripts).context("RabbitMQ is not installed")?;
            return Ok(Self { root: None, scripts });
        };
        ensure!(
            Uid::effective().is_root(),
            "only root can use a RabbitMQ of another root file system, {}",
            root.display()
        );
        let root = root
            .canonicalize()
            .with_context(|| format!("there is no root file system {}", root.display()))?;
        let within = PLACES.iter().map(|place| root.join(place.trim_start_matches('/')));
        let scripts = with_server(within)
            .with_context(|| format!("there is no RabbitMQ in {}", root.display()))?;
        let scripts = Path::new("/").join(scripts.strip_prefix(&root)?);
        Ok(Self { root: Some(root), scripts })
    }

    /// The path of a script of RabbitMQ, as seen by the script.
    pub(super) fn script(&self, name: &str) -> PathBuf {
        self.scripts.join(name)
    }

    /// The command that becomes `program`, with Erlang on its path, and with `directory` at the same
    /// path as outside. It ends with this process.
    pub(super) fn command(&self, program: &Path, directory: &Path) -> Command {
        let mut command = setpriv(Signal::SIGTERM);
        let Some(root) = &self.root else {
            command.arg("--").arg(program);
            command.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path)));
            return command;
        };
        command
            .args(["--", "unshare", "--mount", "--propagation", "private", "--"])
            .args(["sh", "-euc", ENTER, "enter"])
            .args([root, directory, program])
            .env_clear()
            .env("PATH", PATH);
        command
    }
}

fn path() -> Vec<PathBuf> {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect()
}

fn with_server(mut directories: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    directories.find(|directory| directory.join("rabbitmq-server").exists())
}
