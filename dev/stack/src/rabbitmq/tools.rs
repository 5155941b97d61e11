use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use super::{installation::Installation, mapper};
use crate::Supervisor;

/// What the programs of one node have in common: the node's own and the one that controls it.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    installation: Installation,
    /// The supervisor's.
    directory: PathBuf,
    /// Where the node's files are.
    home: PathBuf,
    mapper: SocketAddr,
}

impl Tools {
    pub(super) async fn of(
        supervisor: &Supervisor,
        name: &str,
        root: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let installation = Installation::find(root)?;
        let mapper = mapper::mapper(supervisor, &installation).await?;
        let directory = supervisor.directory().to_owned();
        Ok(Self { installation, home: directory.join(name), directory, mapper })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    pub(super) fn mapper(&self) -> SocketAddr {
        self.mapper
    }

    /// The command that runs one of RabbitMQ's scripts. It sees nothing of the caller's settings.
    pub(super) fn command(&self, script: &str) -> Command {
        let script = self.installation.script(script);
        let mut command = self.installation.command(&script, &self.directory);
        command
            .envs(mapper::variables(self.mapper))
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("HOME", &self.home)
            .current_dir(&self.home);
        // Each of these would otherwise be below /etc, /var or /usr.
        for (variable, file) in [
            ("ERL_CRASH_DUMP", "erl_crash.dump"),
            ("RABBITMQ_ADVANCED_CONFIG_FILE", "advanced.config"),
            ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
            ("RABBITMQ_CONFIG_FILES", "conf.d"),
            ("RABBITMQ_CONF_ENV_FILE", "rabbitmq-env.conf"),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
            ("RABBITMQ_LOG_BASE", "logs"),
            ("RABBITMQ_MNESIA_BASE", "data"),
            ("RABBITMQ_PID_FILE", "pid"),
        ] {
            command.env(variable, self.home.join(file));
        }
        command
    }
}
