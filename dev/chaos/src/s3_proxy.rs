//! A proxy in front of an S3 server that hangs, fails, or slows down.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::sleep,
};
use tokio_util::task::AbortOnDropHandle;

/// The pause after each piece of a slow connection.
const SLOW_PAUSE: Duration = Duration::from_millis(100);

/// The size of a piece.
const PIECE: usize = 16 * 1024;

/// The longest head of a request.
const HEAD_LIMIT: usize = 64 * 1024;

/// What a proxy does with requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum S3Fault {
    /// It forwards them.
    None,
    /// It forwards a piece of 16 KiB each 100 ms.
    Slow,
    /// It accepts connections, and answers nothing.
    Hang,
    /// It answers with this status.
    Status(u16),
    /// It closes each connection.
    Refuse,
}

/// A proxy in front of an S3 server.
#[derive(Debug)]
pub struct S3Proxy {
    address: SocketAddr,
    fault: Arc<watch::Sender<S3Fault>>,
    _task: AbortOnDropHandle<()>,
}

impl S3Proxy {
    /// Starts a proxy in front of `server` that forwards.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(server: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let fault = Arc::new(watch::Sender::new(S3Fault::None));
        let task = tokio::spawn(accept(listener, server, Arc::clone(&fault)));
        Ok(Self { address, fault, _task: AbortOnDropHandle::new(task) })
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does this with all requests from now on. Open connections hang or end.
    pub fn set(&self, fault: S3Fault) {
        self.fault.send_replace(fault);
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, fault: Arc<watch::Sender<S3Fault>>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(serve(client, server, fault.subscribe()));
    }
}

/// Serves a connection until it ends or the fault changes.
async fn serve(mut client: TcpStream, server: SocketAddr, mut fault: watch::Receiver<S3Fault>) {
    let own = *fault.borrow_and_update();
    let serving = async {
        match own {
            // The connection stays open.
            S3Fault::Hang => std::future::pending::<()>().await,
            S3Fault::Refuse => {}
            S3Fault::Status(status) => answer(&mut client, status).await,
            S3Fault::None | S3Fault::Slow => forward(&mut client, server, own).await,
        }
    };
    let next = tokio::select! {
        () = serving => return,
        changed = fault.changed() => match changed {
            Ok(()) => *fault.borrow_and_update(),
            Err(_) => return,
        },
    };
    if next == S3Fault::Hang {
        fault.changed().await.ok();
    }
}

async fn forward(client: &mut TcpStream, server: SocketAddr, fault: S3Fault) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).ok();
    let pause = if fault == S3Fault::Slow { SLOW_PAUSE } else { Duration::ZERO };
    let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
    // The end of one direction ends both.
    tokio::select! {
        () = pump(from_client, to_server, pause) => {}
        () = pump(from_server, to_client, pause) => {}
    }
}

async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, pause: Duration) {
    let mut piece = Vec::with_capacity(PIECE);
    while matches!((&mut from).take(PIECE as u64).read_buf(&mut piece).await, Ok(1..)) {
        sleep(pause).await;
        if to.write_all(&piece).await.is_err() {
            return;
        }
        piece.clear();
    }
}

/// Reads a request, and answers it with `status`.
async fn answer(client: &mut TcpStream, status: u16) {
    let mut request = Vec::new();
    let head = loop {
        let read = client.read_buf(&mut request).await;
        if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if !matches!(read, Ok(1..)) || request.len() > HEAD_LIMIT {
            return;
        }
    };
    let (head, begun) = request.split_at(head);
    let rest = content_length(head).saturating_sub(begun.len() as u64);
    if copy(&mut (&mut *client).take(rest), &mut sink()).await.is_err() {
        return;
    }
    let text = "<Error><Code>Fault</Code><Message>of a drill</Message></Error>";
    let answer = format!(
        "HTTP/1.1 {status} Fault\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{text}",
        text.len()
    );
    // The client may be gone.
    client.write_all(answer.as_bytes()).await.ok();
}

fn content_length(head: &[u8]) -> u64 {
    let head = String::from_utf8_lossy(head).to_lowercase();
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    length.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_length_is_read_whatever_its_case_and_zero_without_it() {
        let head = b"PUT /bucket/key HTTP/1.1\r\nContent-Length: 12\r\nHost: s3\r\n\r\n";
        assert_eq!(content_length(head), 12);
        assert_eq!(content_length(b"GET / HTTP/1.1\r\n\r\n"), 0);
    }
}
