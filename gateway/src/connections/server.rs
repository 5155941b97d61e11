use std::{
    fmt::Debug, io, net::TcpListener, num::NonZeroUsize, thread::available_parallelism,
    time::Duration,
};

use actix_http::{HttpService, Request, Response, error::DispatchError};
use actix_server::Server;
use actix_service::{
    IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_web::{Error, body::MessageBody, dev::AppConfig, rt::net::TcpStream};
use nix::sys::socket::{Backlog, listen, setsockopt, sockopt::SndBuf};

use super::{Connections, MAX_WORKERS, PIECE, stream::BoundedStream};
use crate::limits::LimitSettings;

/// Connections beyond the limit that are not yet admitted or closed.
const ARRIVING: usize = 512;

/// Connections that the kernel queues until the gateway accepts them. The standard library's 128
/// overflow in a burst, and a client retries only after a second.
const BACKLOG: i32 = 4096;

/// Bytes of a response that the kernel buffers for each connection.
const SEND_BUFFER: usize = 64 * 1024;

/// Time for a client to close a connection that the gateway has closed.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The parts of a server.
pub struct Parts<'a, Stop> {
    /// The listening socket.
    pub listener: TcpListener,
    /// Limits on clients.
    pub limits: &'a LimitSettings,
    /// Admits connections.
    pub connections: Connections,
    /// Stops the server when it resolves.
    pub stop: Stop,
    /// Time for requests in progress once the server stops, in whole seconds.
    pub stop_timeout: Duration,
}

/// Serves the application that `app` makes for each thread.
///
/// # Errors
/// When the listener cannot be served.
pub fn serve<App, Made, Factory, Body, Stop>(parts: Parts<'_, Stop>, app: App) -> io::Result<Server>
where
    App: Fn() -> Made + Clone + Send + 'static,
    Made: IntoServiceFactory<Factory, Request>,
    Factory: ServiceFactory<Request, Config = AppConfig, Error = Error> + 'static,
    Factory::InitError: Debug,
    Factory::Response: Into<Response<Body>> + 'static,
    Body: MessageBody + 'static,
    Stop: Future<Output = ()> + Send + 'static,
{
    let Parts { listener, limits, connections, stop, stop_timeout } = parts;
    listen(&listener, Backlog::new(BACKLOG)?)?;
    setsockopt(&listener, SndBuf, &SEND_BUFFER)?;
    let (keep_alive, client_timeout) = (limits.keep_alive, limits.client_timeout);
    let max_connections = usize::try_from(limits.max_connections).unwrap_or(usize::MAX);
    let address = listener.local_addr()?;
    let builder = Server::build();
    let draining = builder.graceful_shutdown_signal();
    let serve = move || {
        let (connections, draining) = (connections.clone(), draining.clone());
        let factory = app().into_factory().map_err(|error| error.error_response());
        let http = HttpService::build()
            .keep_alive(keep_alive)
            .client_request_timeout(client_timeout)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .h1_write_buffer_size(PIECE)
            .local_addr(address)
            .graceful_shutdown_signal(move || {
                let draining = draining.clone();
                async move { draining.notified().await }
            })
            .on_connect_ext(|stream: &BoundedStream, data| {
                data.insert(stream.connection().clone());
            })
            .h1(map_config(factory, |()| AppConfig::default()));
        let admit = fn_service(move |stream: TcpStream| {
            let admitted = admit(&connections, stream);
            async move { admitted }
        });
        admit.and_then(http)
    };
    let server = builder
        .workers(workers())
        .max_concurrent_connections(max_connections.saturating_add(ARRIVING))
        .disable_signals()
        .shutdown_timeout(stop_timeout.as_secs())
        .listen("gateway", listener, serve)?
        .shutdown_signal(stop)
        .run();
    Ok(server)
}

/// The threads that serve connections: one for each processor, up to [`MAX_WORKERS`].
pub fn workers() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_WORKERS)
}

type Peer = Option<std::net::SocketAddr>;

fn admit(
    connections: &Connections,
    stream: TcpStream,
) -> Result<(BoundedStream, Peer), DispatchError> {
    let peer = stream.peer_addr().ok();
    let admitted = connections.admit(peer);
    let admitted = admitted.ok_or(DispatchError::Io(io::ErrorKind::ConnectionRefused.into()))?;
    stream.set_nodelay(true).map_err(DispatchError::Io)?;
    Ok((BoundedStream::new(stream, admitted), peer))
}
