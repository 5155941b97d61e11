use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

/// The address of a server.
#[derive(Args, Clone, Debug)]
pub struct Listen {
    /// The address to listen on; with port 0, a free port
    #[arg(long, env = "BENCH_LISTEN", default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
}

impl Listen {
    /// Listens, and prints the port.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn bind(&self) -> anyhow::Result<TcpListener> {
        let listener =
            TcpListener::bind(self.listen).with_context(|| format!("--listen {}", self.listen))?;
        print(&json!({"listening": listener.local_addr()?.port()}));
        Ok(listener)
    }
}

/// Prints the number of `items` in `time`, and the rate.
pub fn report(items: &str, count: u64, time: Duration) {
    let seconds = time.as_secs_f64();
    let per_second = count as f64 / seconds;
    print(&json!({items: count, "seconds": seconds, "perSecond": per_second}));
}

#[expect(clippy::print_stdout, reason = "the line is the output")]
fn print(line: &Value) {
    println!("{line}");
}
