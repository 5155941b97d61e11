use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use shared::service::settings::duration;

/// How much a client may ask.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct LimitSettings {
    /// Messages and changes of status that one sender may send in a minute, at each gateway; 0 for
    /// any number
    #[arg(long, env = "SENDER_LIMIT", default_value_t = 120, value_name = "NUMBER")]
    pub sender_limit: u32,

    /// How many of these at once, after a pause
    #[arg(long, env = "SENDER_BURST", default_value_t = 60, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub sender_burst: u32,

    /// Calls that one client address may make in a minute, at each gateway; 0 for any number. Many
    /// players can share an address. An IPv6 address counts by its first 64 bits
    #[arg(long, env = "ADDRESS_LIMIT", default_value_t = 30_000, value_name = "NUMBER")]
    pub address_limit: u32,

    /// How many of these at once, after a pause
    #[arg(long, env = "ADDRESS_BURST", default_value_t = 2_000, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub address_burst: u32,

    /// Proxies in front of the gateway, as addresses or networks with commas between: what they say
    /// in X-Forwarded-For is believed, and what anybody else says there is not
    #[arg(long, env = "TRUSTED_PROXIES", value_name = "NETWORK[,NETWORK…]", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Connections that clients may have at once; further ones wait until one ends
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 20_000, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,

    /// Time that a client may take to send the head of a request, and again to send its body
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
