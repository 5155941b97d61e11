use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use service::settings::{bytes, duration};

/// How much a client may ask.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct LimitSettings {
    /// Messages that one player may send in a minute, at each gateway; 0 for any number. Each gateway
    /// counts for itself: where N gateways share the calls, a player may send up to N times as many
    #[arg(long, env = "SENDER_LIMIT", default_value_t = 120, value_name = "NUMBER")]
    pub sender_limit: u32,

    /// How many of these at once, after a pause
    #[arg(long, env = "SENDER_BURST", default_value_t = 60, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub sender_burst: u32,

    /// Messages and changes of status that one member of the staff may send in a minute, at each gateway;
    /// 0 for any number. It multiplies with the gateways as SENDER_LIMIT does
    #[arg(long, env = "STAFF_SENDER_LIMIT", default_value_t = 600, value_name = "NUMBER")]
    pub staff_sender_limit: u32,

    /// How many of these at once, after a pause
    #[arg(long, env = "STAFF_SENDER_BURST", default_value_t = 300, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub staff_sender_burst: u32,

    /// Pages of conversations and of the inbox that one player or member of the staff may read in a
    /// minute, at each gateway; 0 for any number. A page of more than 50 entries counts once for each 50.
    /// It multiplies with the gateways as SENDER_LIMIT does
    #[arg(long, env = "READER_LIMIT", default_value_t = 600, value_name = "NUMBER")]
    pub reader_limit: u32,

    /// How many of these at once, after a pause
    #[arg(long, env = "READER_BURST", default_value_t = 200, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(4..))]
    pub reader_burst: u32,

    /// Calls that one client address may make in a minute, at each gateway; 0 for any number. Many
    /// players can share an address. An IPv6 address counts by its first 64 bits. It is for all paths;
    /// /health is counted by itself, and there neither this machine nor TRUSTED_PROXIES are
    #[arg(long, env = "ADDRESS_LIMIT", default_value_t = 30_000, value_name = "NUMBER")]
    pub address_limit: u32,

    /// How many of these at once, after a pause
    #[arg(long, env = "ADDRESS_BURST", default_value_t = 2_000, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub address_burst: u32,

    /// Proxies in front of the gateway, as addresses or networks with commas between: what they say
    /// in X-Forwarded-For is believed, and what anybody else says there is not
    #[arg(long, env = "TRUSTED_PROXIES", value_name = "NETWORK[,NETWORK…]", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Connections that clients may have at once. Beyond them the one that has been idle for longest is
    /// closed for a new one; where all are busy, the new one is closed
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 6_000, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,

    /// Connections that one client address may have at once, in the same way; 0 for any number. An
    /// address that TRUSTED_PROXIES names may have any number, since it speaks for many clients: a proxy
    /// that is not named there is one client
    #[arg(long, env = "ADDRESS_CONNECTIONS", default_value_t = 512, value_name = "NUMBER")]
    pub address_connections: u32,

    /// The memory that the gateway may take, as the container's limit says it. It does not start with
    /// settings that could take more: 56KiB for each of MAX_CONNECTIONS, REQUEST_MEMORY, ANSWER_MEMORY,
    /// 1MiB for each connection to the database, and 48MiB for all else
    #[arg(long, env = "MEMORY_LIMIT", default_value = "512MiB", value_parser = bytes, value_name = "BYTES")]
    pub memory_limit: u64,

    /// The memory for requests with bodies over 8KiB; beyond it they are told to come again. One client
    /// address has at most a thirty-second of it
    #[arg(long, env = "REQUEST_MEMORY", default_value = "48MiB", value_parser = bytes, value_name = "BYTES")]
    pub request_memory: u64,

    /// The memory for pages that are being read, or that their clients have not yet taken. One client
    /// address has at most a thirty-second of it. Beyond either, callers wait, the gateway disconnects the
    /// client that has not taken its page for longest, of the address that holds most, and after a second
    /// callers are told to come again
    #[arg(long, env = "ANSWER_MEMORY", default_value = "64MiB", value_parser = bytes, value_name = "BYTES")]
    pub answer_memory: u64,

    /// Time that a client may take to send the head of a request, again to send its body, and again to
    /// take the answer, for each 64KiB of it
    #[arg(long, env = "CLIENT_TIMEOUT", default_value = "10s", value_parser = duration, value_name = "DURATION")]
    pub client_timeout: Duration,

    /// Time for which a connection is kept on which nothing is asked: longer than any load balancer in
    /// front keeps its own, so that no request crosses the end of its connection. One on which a
    /// request has begun is given CLIENT_TIMEOUT more
    #[arg(long, env = "KEEP_ALIVE", default_value = "75s", value_parser = duration, value_name = "DURATION")]
    pub keep_alive: Duration,
}

/// Reads a network such as `10.0.0.0/8`, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let network =
        text.parse().or_else(|_| text.parse().map(|address: std::net::IpAddr| address.into()));
    network.map_err(|_| "an address or a network is needed, such as 10.0.0.0/8".to_owned())
}
