use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Stands between a service and its server, and can take the server away or make it hang.
#[derive(Clone)]
pub struct Proxy {
    addr: SocketAddr,
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// What comes goes on.
    Open,
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
        let proxy = Self { addr, state: Arc::new(state) };
        let (accepting, target) = (proxy.clone(), target.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *accepting.state.borrow() != State::Away {
                    tokio::spawn(forward(client, target.clone(), accepting.state.subscribe()));
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

    /// Makes the server hang: connections stand, and nothing comes through.
    pub fn hang(&self) {
        self.state.send_replace(State::Hanging);
    }

    /// Ends the hanging: what was held back comes through.
    pub fn go_on(&self) {
        self.state.send_replace(State::Open);
    }
}

async fn forward(client: TcpStream, target: String, state: watch::Receiver<State>) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    let mut watched = state.clone();
    tokio::select! {
        () = pump(from_client, to_server, state.clone()) => {}
        () = pump(from_server, to_client, state) => {}
        _ = watched.wait_for(|state| *state == State::Away) => {}
    }
}

/// Carries bytes one way while the state allows it.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if state.wait_for(|state| *state == State::Open).await.is_err() {
            return;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
