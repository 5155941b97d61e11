use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

/// Where a program serves.
#[derive(Args, Clone, Debug)]
pub struct Listen {
    /// Where it is served; with port 0, on a free one
    #[arg(long, env = "BENCH_LISTEN", default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
}

impl Listen {
    /// Listens, and says on which port.
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

/// Says how many `things` were done, in how much time.
pub fn report(things: &str, count: u64, time: Duration) {
    let seconds = time.as_secs_f64();
    let per_second = count as f64 / seconds;
    print(&json!({things: count, "seconds": seconds, "perSecond": per_second}));
}

#[expect(clippy::print_stdout, reason = "the line is for whoever started the program")]
fn print(line: &Value) {
    println!("{line}");
}
