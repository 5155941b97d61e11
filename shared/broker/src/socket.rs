//! The socket under a connection to RabbitMQ.
//!
//! lapin keeps a thread and a socket for each connection, and for each attempt at one, until the
//! other side ends it, which a RabbitMQ that hangs never does. So whoever wants a connection holds
//! a guard; when that is gone, the socket is shut down under lapin, whose thread then ends.

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

/// A socket as lapin takes it.
pub(super) type Stream = AsyncTcpStream<<Tokio as Reactor>::TcpStream>;

/// Opens the socket of a connection to `uri`. Once the connection is `unwanted`, it is not opened
/// any more, or it is shut down after `goodbye`, in which RabbitMQ can be told.
///
/// # Errors
/// When nobody answers at the address, or the connection became unwanted.
pub(super) async fn open(
    uri: &AMQPUri,
    runtime: &TokioRuntime,
    tls: &TlsSettings,
    unwanted: CancellationToken,
    goodbye: Duration,
) -> io::Result<Stream> {
    let opened = unwanted.run_until_cancelled(connect(uri, runtime, tls)).await;
    let stream = opened.unwrap_or_else(|| Err(io::ErrorKind::ConnectionAborted.into()))?;
    let socket = TcpStream::from(descriptor(&stream)?);
    tokio::spawn(async move {
        unwanted.cancelled().await;
        tokio::time::sleep(goodbye).await;
        if let Err(error) = socket.shutdown(Shutdown::Both) {
            tracing::debug!(cause = %error, "the connection was closed before its socket");
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

/// Another descriptor of the same socket.
fn descriptor(stream: &Stream) -> io::Result<OwnedFd> {
    let socket = match stream {
        AsyncTcpStream::Plain(tcp) => tcp.get_ref(),
        AsyncTcpStream::Rustls(tls) => tls.get_ref().0.get_ref(),
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    socket.as_fd().try_clone_to_owned()
}
