use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use tokio::process::Command;

use super::{RabbitMq, RabbitMqSettings, installation::Installation};
use crate::{Output, Probe, Program, Rank, Supervisor, kept, ports::on_free_ports};

const EPMD_READY_LIMIT: Duration = Duration::from_secs(20);

/// The files of a node; their usual places are below /etc, /var or /usr.
const FILES: [(&str, &str); 9] = [
    ("ERL_CRASH_DUMP", "erl_crash.dump"),
    ("RABBITMQ_ADVANCED_CONFIG_FILE", "advanced.config"),
    ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
    ("RABBITMQ_CONFIG_FILES", "conf.d"),
    ("RABBITMQ_CONF_ENV_FILE", "rabbitmq-env.conf"),
    ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
    ("RABBITMQ_LOG_BASE", "logs"),
    ("RABBITMQ_MNESIA_BASE", "data"),
    ("RABBITMQ_PID_FILE", "pid"),
];

/// The name, the files and the programs of a node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// `name@localhost`
    pub(super) name: String,
    installation: Installation,
    /// The supervisor's.
    directory: PathBuf,
    home: PathBuf,
    epmd: SocketAddr,
}

impl Node {
    pub(super) async fn new(
        supervisor: &Supervisor,
        settings: &RabbitMqSettings,
    ) -> anyhow::Result<Self> {
        let directory = supervisor.directory().to_owned();
        // RabbitMQ passes the path to a shell for the free disk space, and waits for ever.
        ensure!(
            !directory.to_string_lossy().contains('\''),
            "RabbitMQ cannot run in a directory with an apostrophe in its path, {}",
            directory.display()
        );
        let installation = Installation::find(settings.root.as_deref())?;
        let start_epmd = || start_epmd(supervisor, &installation);
        let epmd = *supervisor.epmd.get_or_try_init(start_epmd).await?;
        let home = directory.join(&settings.name);
        fs::create_dir_all(home.join("conf.d")).context("cannot create its directory")?;
        let name = node_name(supervisor, &settings.name)?;
        Ok(Self { name, installation, directory, home, epmd })
    }

    /// The command that runs one of RabbitMQ's scripts, without the caller's settings.
    pub(super) fn command(&self, script: &str) -> Command {
        let script = self.installation.script(script);
        let mut command = self.installation.command(&script, &self.directory);
        command
            .envs(epmd_variables(self.epmd))
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("HOME", &self.home)
            .envs(FILES.map(|(variable, file)| (variable, self.home.join(file))))
            .current_dir(&self.home);
        command
    }

    pub(super) async fn start(
        &self,
        supervisor: &Supervisor,
        settings: &RabbitMqSettings,
        ports: [u16; 2],
    ) -> anyhow::Result<RabbitMq> {
        let [port, distribution_port] = ports;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let user = supervisor.kept().value("RABBITMQ_USER", kept::name)?;
        let password = supervisor.kept().value("RABBITMQ_PASSWORD", kept::secret)?;
        let cookie = supervisor.kept().value("ERLANG_COOKIE", kept::secret)?;
        let mut configuration = format!(
            "listeners.tcp.local = {address}\n\
             default_user = {user}\n\
             default_pass = {password}\n\
             log.console = true\n\
             log.file = false\n"
        );
        for (name, value) in &settings.further {
            configuration.push_str(&format!("{name} = {value}\n"));
        }
        let plugins = format!("[{}].\n", settings.plugins.join(", "));
        self.write("rabbitmq.conf", &configuration)
            .and_then(|()| self.write("enabled_plugins", &plugins))
            .and_then(|()| self.write(".erlang.cookie", &cookie))
            .context("cannot write its configuration")?;
        let mut command = self.command("rabbitmq-server");
        command
            // The script then becomes the node instead of waiting for it.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            .env("RABBITMQ_NODENAME", &self.name)
            .env("RABBITMQ_DIST_PORT", distribution_port.to_string())
            // By default the first scheduler of every node runs on the first processor alone.
            .env("RABBITMQ_SCHEDULER_BIND_TYPE", "u")
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
            )
            .env("RABBITMQ_LOGS", "-");
        let mut program = Program::from_command(&settings.name, command);
        program.rank = Rank::Server;
        program.output = Output::LogFile;
        let rabbitmq = RabbitMq {
            node: self.clone(),
            process: supervisor.start(program)?,
            address,
            url: format!("amqp://{user}:{password}@{address}/%2f"),
        };
        rabbitmq.ready().await?;
        Ok(rabbitmq)
    }

    /// Only the owner may read the file: Erlang requires it for its cookie.
    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let new = self.home.join("new");
        fs::write(&new, "")?;
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600))?;
        fs::write(&new, text)?;
        fs::rename(new, self.home.join(name))
    }
}

/// The Erlang name of the node that is called `name` in the directory.
pub(super) fn node_name(supervisor: &Supervisor, name: &str) -> anyhow::Result<String> {
    let name = format!("{}_NODE", kept::prefix(name));
    Ok(format!("{}@localhost", supervisor.kept().value(&name, kept::name)?))
}

/// Starts epmd, Erlang's port mapper. Erlang would start one for all nodes of the machine, which
/// never ends.
async fn start_epmd(
    supervisor: &Supervisor,
    installation: &Installation,
) -> anyhow::Result<SocketAddr> {
    on_free_ports(supervisor, ["EPMD_PORT"], async |[port]| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut command = installation.command(Path::new("epmd"), supervisor.directory());
        command.envs(epmd_variables(address)).current_dir(supervisor.directory());
        // Without it, it does not print why it ends.
        command.arg("-d");
        let mut program = Program::from_command("epmd", command);
        program.rank = Rank::Helper;
        program.output = Output::LogFile;
        let process = supervisor.start(program)?;
        process.ready(&Probe::Tcp(address), EPMD_READY_LIMIT).await?;
        Ok(address)
    })
    .await
}

/// The variables from which epmd and Erlang's programs take epmd's address.
fn epmd_variables(address: SocketAddr) -> [(&'static str, String); 2] {
    [("ERL_EPMD_ADDRESS", address.ip().to_string()), ("ERL_EPMD_PORT", address.port().to_string())]
}
