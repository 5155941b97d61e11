use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt,
};

use anyhow::{Context, ensure};

use super::{RabbitMq, RabbitMqSettings, Tools};
use crate::{Probe, Program, Rank, Supervisor, kept};

/// What every start of one RabbitMQ has in common.
pub(super) struct Node<'a> {
    supervisor: &'a Supervisor,
    settings: &'a RabbitMqSettings,
    tools: Tools,
    name: String,
    user: String,
    password: String,
    cookie: String,
}

impl<'a> Node<'a> {
    pub(super) async fn prepare(
        supervisor: &'a Supervisor,
        settings: &'a RabbitMqSettings,
    ) -> anyhow::Result<Self> {
        let directory = supervisor.directory();
        // It asks a shell for the free disk space there, waits for the answer, and gets none.
        ensure!(
            !directory.to_string_lossy().contains('\''),
            "RabbitMQ cannot run in a directory with an apostrophe in its path, {}",
            directory.display()
        );
        let tools = Tools::of(supervisor, &settings.name, settings.root.as_deref()).await?;
        fs::create_dir_all(tools.home().join("conf.d")).context("cannot make its directory")?;
        let kept = supervisor.kept();
        Ok(Self {
            supervisor,
            settings,
            tools,
            name: node_name(supervisor, &settings.name)?,
            user: kept.value("RABBITMQ_USER", kept::name)?,
            password: kept.value("RABBITMQ_PASSWORD", kept::secret)?,
            cookie: kept.value("ERLANG_COOKIE", kept::secret)?,
        })
    }

    pub(super) async fn start(&self, ports: [u16; 2]) -> anyhow::Result<RabbitMq> {
        let [port, distribution_port] = ports;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        self.configure(address).context("cannot write its configuration")?;
        let mut program = Program::new(&self.settings.name, "");
        program.command = self.tools.command("rabbitmq-server");
        program.rank = Rank::Server;
        program.needs = Some(Probe::Tcp(self.tools.mapper()));
        program.echoes = false;
        program
            .command
            // The script then becomes the node instead of waiting for it: its process is ours.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            .env("RABBITMQ_NODENAME", &self.name)
            .env("RABBITMQ_DIST_PORT", distribution_port.to_string())
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
            )
            .env("RABBITMQ_LOGS", "-");
        let (user, password) = (&self.user, &self.password);
        let rabbitmq = RabbitMq {
            name: self.name.clone(),
            process: self.supervisor.start(program)?,
            address,
            url: format!("amqp://{user}:{password}@{address}/%2f"),
            tools: self.tools.clone(),
        };
        rabbitmq.ready().await?;
        Ok(rabbitmq)
    }

    fn configure(&self, address: SocketAddr) -> io::Result<()> {
        let (user, password) = (&self.user, &self.password);
        let mut configuration = format!(
            "listeners.tcp.local = {address}\n\
             default_user = {user}\n\
             default_pass = {password}\n\
             log.console = true\n\
             log.file = false\n"
        );
        for (name, value) in &self.settings.further {
            configuration.push_str(&format!("{name} = {value}\n"));
        }
        let plugins = self.settings.plugins.join(", ");
        self.write("rabbitmq.conf", &configuration)?;
        self.write("enabled_plugins", &format!("[{plugins}].\n"))?;
        self.write(".erlang.cookie", &self.cookie)
    }

    /// Erlang insists that nobody else may read its cookie, and the password is none of theirs
    /// either.
    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let path = self.tools.home().join(name);
        let new = self.tools.home().join("new");
        fs::write(&new, "")?;
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600))?;
        fs::write(&new, text)?;
        fs::rename(new, path)
    }
}

/// What Erlang calls the node that is called `name` here.
pub(super) fn node_name(supervisor: &Supervisor, name: &str) -> anyhow::Result<String> {
    let name = format!("{}_NODE", kept::prefix(name));
    Ok(format!("{}@localhost", supervisor.kept().value(&name, kept::name)?))
}
