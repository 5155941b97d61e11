//! The limit on open files: one for each connection, and 1,000 others.

use std::{fs, process::Stdio};

use test_support::eventually;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::commands::REST;

/// A gateway for 300 connections, under the limits `soft` and `hard`.
fn gateway(soft: u32, hard: u32) -> Child {
    let limited = format!("ulimit -Sn {soft}; ulimit -Hn {hard}; exec \"$0\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limited, env!("CARGO_BIN_EXE_gateway")]).env_clear().envs(REST);
    command.envs([("AUTH_MODE", "off"), ("MAX_CONNECTIONS", "300")]);
    command.envs([("GATEWAY_LISTEN", "127.0.0.1:0"), ("GATEWAY_METRICS_LISTEN", "127.0.0.1:0")]);
    command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
}

async fn until_limit_is(gateway: &Child, files: &str) {
    let limits = format!("/proc/{}/limits", gateway.id().unwrap());
    eventually(&format!("the limit is {files} files"), async || {
        let limits = fs::read_to_string(&limits).unwrap();
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
        (line.split_whitespace().next() == Some(files)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn gateway_raises_its_limit_on_open_files() {
    until_limit_is(&gateway(64, 4_000), "1300").await;
}

#[tokio::test]
async fn gateway_warns_when_the_hard_limit_on_open_files_is_too_low() {
    let mut gateway = gateway(64, 500);
    until_limit_is(&gateway, "500").await;
    let mut lines = BufReader::new(gateway.stderr.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.contains("fewer open files") {
            assert!(line.contains("allowed=500 wanted=1300"), "{line}");
            return;
        }
    }
    panic!("the gateway logged no warning");
}
