//! The socket of a connection to RabbitMQ.
//!
//! lapin keeps a thread and a socket for each connection, and for each attempt, until the other side closes
//! it, which a RabbitMQ that hangs never does. So a connection holds a guard; once it is dropped, this module
//! shuts the socket down, and lapin's thread ends.

use std::{
    io,
    net::{Shutdown, TcpStream},
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use async_rs::{Tokio, TokioRuntime, traits::Reactor};
use lapin::{
    tcp::{AsyncTcpStream, RustlsConnector},
    uri::{AMQPScheme, AMQPUri},
};
use tokio_util::sync::CancellationToken;

use service::TlsSettings;

/// A socket in lapin's type.
pub(super) type Stream = AsyncTcpStream<<Tokio as Reactor>::TcpStream>;

/// Opens the socket of a connection to `uri`. Once `dropped` is cancelled, opening fails, or the open socket
/// is shut down after `close_timeout`, in which lapin can close the connection.
///
/// # Errors
/// When the address does not accept, or `dropped` is cancelled.
pub(super) async fn open(
    uri: &AMQPUri,
    runtime: &TokioRuntime,
    tls: &TlsSettings,
    dropped: CancellationToken,
    close_timeout: Duration,
) -> io::Result<Stream> {
    let opened = dropped.run_until_cancelled(connect(uri, runtime, tls)).await;
    let stream = opened.unwrap_or_else(|| Err(io::ErrorKind::ConnectionAborted.into()))?;
    let socket = TcpStream::from(descriptor(&stream)?);
    tokio::spawn(async move {
        dropped.cancelled().await;
        tokio::time::sleep(close_timeout).await;
        if let Err(error) = socket.shutdown(Shutdown::Both) {
            tracing::debug!(exception.message = %error, "the connection was closed before its socket");
        }
    });
    Ok(stream)
}

async fn connect(uri: &AMQPUri, runtime: &TokioRuntime, tls: &TlsSettings) -> io::Result<Stream> {
    let (host, port) = (&uri.authority.host, uri.authority.port);
    let stream = Stream::connect(runtime, runtime.to_socket_addrs((host.clone(), port))).await?;
    match uri.scheme {
        AMQPScheme::AMQP => Ok(stream),
        AMQPScheme::AMQPS => stream.into_rustls(&RustlsConnector::from(tls.client()), host).await,
    }
}

/// A duplicated descriptor of the socket.
fn descriptor(stream: &Stream) -> io::Result<OwnedFd> {
    let socket = match stream {
        AsyncTcpStream::Plain(tcp) => tcp.get_ref(),
        AsyncTcpStream::Rustls(tls) => tls.get_ref().0.get_ref(),
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    socket.as_fd().try_clone_to_owned()
}
