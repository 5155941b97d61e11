use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{broadcast, watch},
};

/// Stands between a service and its server, and can take the server away or make it hang.
#[derive(Clone)]
pub struct Proxy {
    addr: SocketAddr,
    state: Arc<watch::Sender<State>>,
    interjections: broadcast::Sender<Vec<u8>>,
}

/// What a byte takes while the server is slow to get through to.
const SLOW: Duration = Duration::from_nanos(250);

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// What comes goes on.
    Open,
    /// What comes goes on, at [`SLOW`].
    Slow,
    /// Connections stand, and nothing goes on.
    Hanging,
    /// Connections break, and new ones are closed at once.
    Away,
}

impl Proxy {
    /// A proxy in front of `target` (`host:port`), which is there, or away from the start.
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

    /// Where to connect instead.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Takes the server away: every connection breaks, and new ones are closed at once.
    pub fn take_away(&self) {
        self.state.send_replace(State::Away);
    }

    /// Brings it back.
    pub fn bring_back(&self) {
        self.state.send_replace(State::Open);
    }

    /// Makes the server slow to get through to: each MiB takes a quarter of a second.
    pub fn slow_down(&self) {
        self.state.send_replace(State::Slow);
    }

    /// Makes the server hang: connections stand, and nothing comes through.
    pub fn hang(&self) {
        self.state.send_replace(State::Hanging);
    }

    /// Says `bytes` to the server on every connection, as if the client had said it.
    pub fn interject(&self, bytes: Vec<u8>) {
        self.interjections.send(bytes).unwrap();
    }

    /// Ends the hanging: what was held back comes through.
    pub fn go_on(&self) {
        self.state.send_replace(State::Open);
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

/// Carries bytes one way while the state allows it, and the interjections with them.
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
