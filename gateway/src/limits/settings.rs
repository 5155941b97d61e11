use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use service::settings::{bytes, duration};

/// Limits on clients.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct LimitSettings {
    /// The most messages that one player may send in a minute; 0 for no limit. Each gateway counts
    /// for itself: N gateways together allow up to N times as many
    #[arg(long, env = "SENDER_LIMIT", default_value_t = 120, value_name = "NUMBER")]
    pub sender_limit: u32,

    /// The most messages of one player at once: the burst of SENDER_LIMIT
    #[arg(long, env = "SENDER_BURST", default_value_t = 60, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub sender_burst: u32,

    /// The most messages and changes of status that one member of the staff may send in a minute; 0
    /// for no limit. Each gateway counts for itself
    #[arg(long, env = "STAFF_SENDER_LIMIT", default_value_t = 600, value_name = "NUMBER")]
    pub staff_sender_limit: u32,

    /// The most messages and changes of one member of the staff at once: the burst of
    /// STAFF_SENDER_LIMIT
    #[arg(long, env = "STAFF_SENDER_BURST", default_value_t = 300, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub staff_sender_burst: u32,

    /// The most pages of conversations and of the inbox that one player or member of the staff may
    /// read in a minute; 0 for no limit. A page of more than 50 entries counts once for each 50.
    /// Each gateway counts for itself
    #[arg(long, env = "READER_LIMIT", default_value_t = 600, value_name = "NUMBER")]
    pub reader_limit: u32,

    /// The most pages of one reader at once: the burst of READER_LIMIT
    #[arg(long, env = "READER_BURST", default_value_t = 200, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(4..))]
    pub reader_burst: u32,

    /// The most marks as read or unread that one player or member of the staff may make in a minute;
    /// 0 for no limit. Each gateway counts for itself
    #[arg(long, env = "READ_MARK_LIMIT", default_value_t = 30, value_name = "NUMBER")]
    pub read_mark_limit: u32,

    /// The most marks of one reader at once: the burst of READ_MARK_LIMIT
    #[arg(long, env = "READ_MARK_BURST", default_value_t = 30, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub read_mark_burst: u32,

    /// The most requests of one client address in a minute, on all paths; 0 for no limit. Many
    /// players can share an address. An IPv6 address counts by its first 64 bits. Each gateway
    /// counts for itself. Requests to /health are counted apart, except from this machine and from
    /// TRUSTED_PROXIES, which are not limited
    #[arg(long, env = "ADDRESS_LIMIT", default_value_t = 30_000, value_name = "NUMBER")]
    pub address_limit: u32,

    /// The most requests of one client address at once: the burst of ADDRESS_LIMIT
    #[arg(long, env = "ADDRESS_BURST", default_value_t = 2_000, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub address_burst: u32,

    /// Addresses or networks of trusted proxies in front of the gateway, separated by commas: their
    /// X-Forwarded-For is used, and that of other peers is ignored
    #[arg(long, env = "TRUSTED_PROXIES", value_name = "NETWORK[,NETWORK…]", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// The most connections of clients. Beyond it, the connection that has been idle for longest is
    /// closed for a new one; when none is idle, the new one is closed
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 3_500, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,

    /// The most connections of one client address, in the same way; 0 for no limit. TRUSTED_PROXIES
    /// are not limited; an untrusted proxy counts as one client
    #[arg(long, env = "ADDRESS_CONNECTIONS", default_value_t = 512, value_name = "NUMBER")]
    pub address_connections: u32,

    /// The memory that the gateway may take: the limit of its container. The gateway does not start
    /// when the settings allow more: 80KiB for each of MAX_CONNECTIONS, REQUEST_MEMORY,
    /// ANSWER_MEMORY, 1MiB for each database connection, and 104MiB for everything else. With
    /// ATTACHMENT_STORE also ATTACHMENT_MEMORY, 16MiB, and 320MiB for each of ATTACHMENT_WORKERS
    #[arg(long, env = "MEMORY_LIMIT", default_value = "512MiB", value_parser = bytes, value_name = "BYTES")]
    pub memory_limit: u64,

    /// The memory for bodies over 8KiB; a client address has at most a thirty-second of it. When it
    /// is exhausted, requests are answered with a 503
    #[arg(long, env = "REQUEST_MEMORY", default_value = "48MiB", value_parser = bytes, value_name = "BYTES")]
    pub request_memory: u64,

    /// The memory for pages that are being read, or that their clients have not taken; a client
    /// address has at most a thirty-second of it. When it is exhausted, reads wait for a second
    /// while the gateway closes the connections that have waited longest for their clients, of the
    /// address that holds most; then they are answered with a 503
    #[arg(long, env = "ANSWER_MEMORY", default_value = "64MiB", value_parser = bytes, value_name = "BYTES")]
    pub answer_memory: u64,

    /// Time for a client to send a request's head, again to send its body, and again to take each
    /// 64KiB of the response
    #[arg(long, env = "CLIENT_TIMEOUT", default_value = "10s", value_parser = duration, value_name = "DURATION")]
    pub client_timeout: Duration,

    /// Time after which an idle connection is closed. It must be longer than the idle timeout of
    /// every load balancer in front, so that no request crosses the end of its connection. A
    /// connection on which a request's head has begun to arrive has CLIENT_TIMEOUT more
    #[arg(long, env = "KEEP_ALIVE", default_value = "75s", value_parser = duration, value_name = "DURATION")]
    pub keep_alive: Duration,
}

/// Parses a network such as `10.0.0.0/8`, or an address.
fn network(text: &str) -> Result<IpNet, String> {
    let network =
        text.parse().or_else(|_| text.parse().map(|address: std::net::IpAddr| address.into()));
    network.map_err(|_| "must be an address or a network, such as 10.0.0.0/8".to_owned())
}
