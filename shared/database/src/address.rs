use service::warn_of_cleartext;
use tokio_postgres::{
    Config,
    config::{Host, LoadBalanceHosts, SslMode, TargetSessionAttrs},
};

/// Which server an address is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Server {
    /// The server that accepts writes.
    #[default]
    Primary,
    /// A server that follows the primary, and that only reads are sent to.
    Replica,
}

impl Server {
    /// The setting that has the address.
    pub(crate) fn setting(self) -> &'static str {
        match self {
            Self::Primary => "DATABASE_URL",
            Self::Replica => "DATABASE_READ_URL",
        }
    }
}

/// The parsed address of a database.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    server: Server,
    /// One configuration for each host, in the order of the address.
    hosts: Vec<Config>,
}

impl Address {
    /// Parses the address of `server`.
    ///
    /// # Errors
    /// Names the setting, without its value.
    pub fn parse(server: Server, url: &str) -> Result<Self, String> {
        let setting = server.setting();
        let invalid = || format!("{setting} must be a postgres:// address");
        let is_address =
            ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        if !is_address {
            return Err(invalid());
        }
        let Parts { before, hosts, after, parameters } = Parts::of(url);
        let (modes, others): (Vec<_>, Vec<_>) =
            parameters.split('&').partition(|parameter| parameter.starts_with("sslmode="));
        // The driver does not know `verify-full`, and its default mode accepts any server.
        let mode = match modes.last() {
            None | Some(&"sslmode=disable") => SslMode::Disable,
            Some(&"sslmode=require" | &"sslmode=verify-full") => SslMode::Require,
            Some(_) => {
                return Err(format!("{setting}: sslmode must be disable, require or verify-full"));
            }
        };
        let targets = others.iter().filter_map(|one| one.strip_prefix("target_session_attrs="));
        let targets: Vec<_> = targets.collect();
        if !targets.iter().all(|target| ["any", "read-write", "read-only"].contains(target)) {
            return Err(format!(
                "{setting}: target_session_attrs must be any, read-write or read-only"
            ));
        }
        let others = others.join("&");
        let parsed = |hosts: &str| {
            let config = format!("{before}{hosts}{after}{others}").parse::<Config>();
            let mut config = config.map_err(|_| invalid())?;
            config.ssl_mode(mode);
            Ok::<_, String>(config)
        };
        let whole = parsed(hosts)?;
        if whole.get_hosts().len() <= 1 {
            return Ok(Self { server, hosts: vec![whole] });
        }
        let hosts: Vec<_> = hosts.split(',').collect();
        if hosts.len() != whole.get_hosts().len() {
            return Err(format!(
                "{setting}: name all hosts before the name of the database, as in \
                 postgres://user:password@one:5432,other:5432/name"
            ));
        }
        // The first host that answers could be a standby, which refuses each write.
        if server == Server::Primary && targets.is_empty() {
            return Err(format!(
                "{setting}: with several hosts, add target_session_attrs=read-write"
            ));
        }
        let hosts = hosts.into_iter().map(parsed).collect::<Result<_, _>>()?;
        Ok(Self { server, hosts })
    }

    /// The hosts, each with all of the address' settings, in the order in which they are tried.
    pub fn in_order(mut self) -> Vec<Config> {
        let is_random =
            |config: &Config| config.get_load_balance_hosts() == LoadBalanceHosts::Random;
        if self.hosts.first().is_some_and(is_random) {
            fastrand::shuffle(&mut self.hosts);
        }
        self.hosts
    }

    /// Whether the connections are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.hosts.iter().all(|config| config.get_ssl_mode() != SslMode::Disable)
    }

    /// Whether only a server that accepts writes may be used.
    pub fn requires_writes(&self) -> bool {
        let requires =
            |config: &Config| config.get_target_session_attrs() == TargetSessionAttrs::ReadWrite;
        self.hosts.iter().any(requires)
    }

    /// Logs a warning when the connection to another machine is not encrypted.
    pub fn warn_of_cleartext(&self) {
        if self.is_encrypted() {
            return;
        }
        let hosts = self.hosts.iter().flat_map(Config::get_hosts);
        let hosts = hosts.filter_map(|host| match host {
            Host::Tcp(host) => Some(host.as_str()),
            Host::Unix(_) => None,
        });
        warn_of_cleartext(self.server.setting(), hosts);
    }
}

/// The name of the host of `config`, with its port.
pub(crate) fn name_of_host(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => String::new(),
    };
    match config.get_ports().first() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

/// The parts of an address, as the driver splits it.
struct Parts<'a> {
    /// The scheme, the user and the password.
    before: &'a str,
    hosts: &'a str,
    /// The name of the database, and the question mark.
    after: &'a str,
    parameters: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Self {
        // The password ends at the first @; it may contain a question mark.
        let scheme = url.find("://").map_or(0, |at| at + "://".len());
        let start = url.find('@').map_or(scheme, |at| at + 1);
        let (before, rest) = url.split_at(start);
        let (rest, parameters) = match rest.find('?') {
            Some(at) => rest.split_at(at + 1),
            None => (rest, ""),
        };
        let (hosts, after) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        Self { before, hosts, after, parameters }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Result<Vec<Config>, String> {
        Address::parse(Server::Primary, url).map(Address::in_order)
    }

    #[test]
    fn only_modes_that_require_or_disable_encryption_are_accepted() {
        for (parameters, mode) in [
            ("", SslMode::Disable),
            ("?sslmode=disable", SslMode::Disable),
            ("?sslmode=require", SslMode::Require),
            ("?application_name=x&sslmode=verify-full&connect_timeout=3", SslMode::Require),
        ] {
            let configs = hosts(&format!("postgres://u:p@localhost:1/chat{parameters}")).unwrap();
            assert_eq!(configs[0].get_ssl_mode(), mode, "{parameters}");
            assert_eq!(configs[0].get_dbname(), Some("chat"), "{parameters}");
        }
        let configs = hosts("postgres://u:p?sslmode=@h/chat?application_name=x").unwrap();
        assert_eq!(configs[0].get_password(), Some("p?sslmode=".as_bytes()));
        assert_eq!(configs[0].get_application_name(), Some("x"));
        for weak in ["prefer", "allow", "verify-ca", "", "require&sslmode=prefer"] {
            let error = hosts(&format!("postgres://u:p@h/chat?sslmode={weak}")).unwrap_err();
            assert!(error.contains("sslmode must be"), "{weak}: {error}");
        }
    }

    #[test]
    fn an_invalid_address_is_refused_without_showing_it() {
        for invalid in
            ["mysql://u:secret@h/chat", "host=h password=secret", "postgres://u:secret@h:x/"]
        {
            assert!(!hosts(invalid).unwrap_err().contains("secret"), "{invalid}");
        }
    }

    #[test]
    fn each_of_several_hosts_is_tried_with_all_of_the_address() {
        let url = "postgres://u:p%40@a:1,[::1]:2,c/chat?sslmode=require\
                   &target_session_attrs=read-write&connect_timeout=3";
        let configs = hosts(url).unwrap();
        let names: Vec<_> = configs.iter().map(name_of_host).collect();
        assert_eq!(names, ["a:1", "::1:2", "c:5432"]);
        for config in configs {
            assert_eq!(config.get_password(), Some("p@".as_bytes()));
            assert_eq!(config.get_dbname(), Some("chat"));
            assert_eq!(config.get_ssl_mode(), SslMode::Require);
            assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        }
        assert!(Address::parse(Server::Primary, url).unwrap().requires_writes());
        let sockets = "postgres://u:p@/chat?host=/run/postgresql";
        assert_eq!(hosts(sockets).unwrap().len(), 1);
    }

    #[test]
    fn several_hosts_of_the_primary_need_a_choice_between_them() {
        let several = "postgres://u:secret@a,b/chat";
        let error = hosts(several).unwrap_err();
        assert!(error.contains("add target_session_attrs=read-write"), "{error}");
        Address::parse(Server::Replica, several).unwrap();
        let error = hosts("postgres://u:p@a,b/chat?target_session_attrs=primary").unwrap_err();
        assert!(error.contains("must be any, read-write or read-only"), "{error}");
        let error = hosts("postgres://u:secret@a/chat?host=b&target_session_attrs=any");
        assert!(error.unwrap_err().contains("before the name of the database"));
    }
}
