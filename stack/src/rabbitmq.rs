use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};

use crate::{Probe, Process, Program, Rank, Supervisor, kept, ports::on_free_ports};

const EPMD_LIMIT: Duration = Duration::from_secs(20);
/// Recovery of large queues is part of it.
const READY_LIMIT: Duration = Duration::from_secs(180);

/// What a private RabbitMQ is started with.
#[derive(Clone, Debug, Default)]
pub struct RabbitMqSettings {
    /// Plugins, such as `rabbitmq_prometheus`. What they listen on is theirs to be told in
    /// `further`.
    pub plugins: Vec<String>,
    /// Further settings, by the names that `rabbitmq.conf` knows.
    pub further: Vec<(String, String)>,
}

/// A private RabbitMQ: a node on the loopback address only, with a port mapper, a name, a user and
/// files of its own in `rabbitmq` of the supervisor's directory.
#[derive(Debug)]
pub struct RabbitMq {
    process: Arc<Process>,
    address: SocketAddr,
    url: String,
}

impl RabbitMq {
    /// Starts it, and waits until it greets clients.
    ///
    /// # Errors
    /// When RabbitMQ is not installed, does not start or does not become ready; says why.
    pub async fn start(
        supervisor: &Supervisor,
        settings: &RabbitMqSettings,
    ) -> anyhow::Result<Self> {
        let kept = supervisor.kept();
        let directory = supervisor.directory();
        // It asks a shell for the free disk space there, waits for the answer, and gets none.
        ensure!(
            !directory.to_string_lossy().contains('\''),
            "RabbitMQ cannot run in a directory with an apostrophe in its path, {}",
            directory.display()
        );
        let node = Node {
            supervisor,
            settings,
            home: directory.join("rabbitmq"),
            script: script().context("RabbitMQ is not installed")?,
            name: format!("{}@localhost", kept.value("RABBITMQ_NODE", kept::name)?),
            user: kept.value("RABBITMQ_USER", kept::name)?,
            password: kept.value("RABBITMQ_PASSWORD", kept::secret)?,
            cookie: kept.value("ERLANG_COOKIE", kept::secret)?,
        };
        fs::create_dir_all(node.home.join("conf.d")).context("cannot make its directory")?;
        let mapper =
            on_free_ports(supervisor, ["EPMD_PORT"], async |[port]| node.start_mapper(port).await)
                .await?;
        let names = ["AMQP_PORT", "ERLANG_DISTRIBUTION_PORT"];
        on_free_ports(supervisor, names, async |ports| node.start(ports, mapper).await).await
    }

    /// Where it is: `amqp://user:password@127.0.0.1:port/%2f`. The user may do everything.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The node itself (`beam.smp`), which is what one kills to see it come back.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Waits until it greets clients, such as after it was started again.
    ///
    /// # Errors
    /// When it does not within three minutes, or has ended for good.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let probe = Probe::Amqp(self.address);
        Ok(self.process.ready(&probe, READY_LIMIT).await?)
    }
}

/// What every start of one RabbitMQ has in common.
struct Node<'a> {
    supervisor: &'a Supervisor,
    settings: &'a RabbitMqSettings,
    home: PathBuf,
    script: PathBuf,
    name: String,
    user: String,
    password: String,
    cookie: String,
}

impl Node<'_> {
    /// Starts epmd, the port mapper of Erlang's nodes. Erlang would start one by itself, but a
    /// common one for all nodes of the machine, which nobody would ever stop.
    async fn start_mapper(&self, port: u16) -> anyhow::Result<SocketAddr> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut program = self.program("epmd", Path::new("epmd"), address);
        program.rank = Rank::Helper;
        // Otherwise it does not say why it ends.
        program.command.arg("-d");
        let process = self.supervisor.start(program)?;
        process.ready(&Probe::Tcp(address), EPMD_LIMIT).await?;
        Ok(address)
    }

    async fn start(&self, ports: [u16; 2], mapper: SocketAddr) -> anyhow::Result<RabbitMq> {
        let [port, distribution_port] = ports;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        self.configure(address).context("cannot write its configuration")?;
        let mut program = self.program("rabbitmq", &self.script, mapper);
        program.rank = Rank::Server;
        program.needs = Some(Probe::Tcp(mapper));
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
            program.command.env(variable, self.home.join(file));
        }
        let (user, password) = (&self.user, &self.password);
        let rabbitmq = RabbitMq {
            process: self.supervisor.start(program)?,
            address,
            url: format!("amqp://{user}:{password}@{address}/%2f"),
        };
        rabbitmq.ready().await?;
        Ok(rabbitmq)
    }

    fn configure(&self, address: SocketAddr) -> std::io::Result<()> {
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
    fn write(&self, name: &str, text: &str) -> std::io::Result<()> {
        let path = self.home.join(name);
        let new = self.home.join("new");
        fs::write(&new, "")?;
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600))?;
        fs::write(&new, text)?;
        fs::rename(new, path)
    }

    /// A program of Erlang's that sees nothing of the caller's settings for it.
    fn program(&self, name: &str, path: &Path, mapper: SocketAddr) -> Program {
        let mut program = Program::new(name, path);
        program
            .command
            .env_clear()
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("HOME", &self.home)
            .env("ERL_EPMD_ADDRESS", mapper.ip().to_string())
            .env("ERL_EPMD_PORT", mapper.port().to_string())
            .current_dir(&self.home);
        program.echoes = false;
        program
    }
}

/// The script of RabbitMQ's own. What Debian puts on the path is a wrapper that changes the user
/// and writes to /var.
fn script() -> Option<PathBuf> {
    let debian = PathBuf::from("/usr/lib/rabbitmq/bin/rabbitmq-server");
    if debian.exists() {
        return Some(debian);
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|directory| directory.join("rabbitmq-server"))
        .find(|script| script.exists())
}
