use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{broadcast, watch},
};

/// A TCP proxy between a service and its server, which can cut, hold and slow down connections.
#[derive(Clone)]
pub struct Proxy {
    addr: SocketAddr,
    state: Arc<watch::Sender<State>>,
    interjections: broadcast::Sender<Vec<u8>>,
}

/// Time for each byte while the connection is slow.
const SLOW: Duration = Duration::from_nanos(250);

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Forwards.
    Open,
    /// Forwards at [`SLOW`].
    Slow,
    /// Keeps connections open, and forwards nothing.
    Hanging,
    /// Closes connections, and new ones at once.
    Away,
}

impl Proxy {
    /// Starts a proxy in front of `target` (`host:port`). Unless `open`, it closes all connections.
    pub async fn start(target: &str, open: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let state = watch::Sender::new(if open { State::Open } else { State::Away });
        let (interjections, _) = broadcast::channel(1);
        let proxy = Self { addr, state: Arc::new(state), interjections };
        let (accepting, target) = (proxy.clone(), target.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *accepting.state.borrow() != State::Away {
                    tokio::spawn(forward(client, target.clone(), accepting.clone()));
                }
            }
        });
        proxy
    }

    /// The proxy's address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Closes all connections, and new ones at once.
    pub fn take_away(&self) {
        self.state.send_replace(State::Away);
    }

    /// Forwards again, held bytes included, and accepts new connections.
    pub fn bring_back(&self) {
        self.state.send_replace(State::Open);
    }

    /// Slows the connections down to a quarter of a second for each MiB.
    pub fn slow_down(&self) {
        self.state.send_replace(State::Slow);
    }

    /// Keeps connections open, and forwards nothing.
    pub fn hang(&self) {
        self.state.send_replace(State::Hanging);
    }

    /// Sends `bytes` to the server on every connection, as if the client had sent them.
    pub fn interject(&self, bytes: Vec<u8>) {
        self.interjections.send(bytes).unwrap();
    }
}

async fn forward(client: TcpStream, target: String, proxy: Proxy) {
    let (mut state, interjections) = (proxy.state.subscribe(), proxy.interjections.subscribe());
    let Ok(server) = TcpStream::connect(target).await else { return };
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    let (_, none) = broadcast::channel(1);
    tokio::select! {
        () = pump(from_client, to_server, state.clone(), interjections) => {}
        () = pump(from_server, to_client, state.clone(), none) => {}
        _ = state.wait_for(|state| *state == State::Away) => {}
    }
}

/// Forwards bytes and interjections in one direction while the state allows it.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
    mut interjections: broadcast::Receiver<Vec<u8>>,
) {
    loop {
        let mut bytes = Vec::with_capacity(64 * 1024);
        tokio::select! {
            read = from.read_buf(&mut bytes) => if !matches!(read, Ok(1..)) {
                return;
            },
            Ok(interjection) = interjections.recv() => bytes = interjection,
        }
        let goes_on = state.wait_for(|state| matches!(state, State::Open | State::Slow)).await;
        let Ok(state) = goes_on.map(|state| *state) else { return };
        if state == State::Slow {
            tokio::time::sleep(SLOW * bytes.len() as u32).await;
        }
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
