use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_web::{App, HttpServer, dev::ServerHandle, middleware::from_fn, web};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{Settings, api, control, health, websocket, wire::Wire, world::World};

/// The most bytes of a request's body: ten events of 10 KB, in JSON that escapes much of them.
const MAX_BODY: usize = 1024 * 1024;

/// A running server. It runs until it is stopped, or the tokio runtime ends that it was started
/// in.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    handle: ServerHandle,
    running: JoinHandle<io::Result<()>>,
    stop: CancellationToken,
}

impl Server {
    /// Starts a server on `listener`, inside the caller's tokio runtime. It accepts connections
    /// from the moment this returns.
    ///
    /// # Errors
    /// When the listener's address cannot be read, or the listener not be listened on.
    pub fn start(settings: Settings, listener: TcpListener) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        let world = web::Data::new(World::new(settings));
        let stop = world.stop.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(world.clone())
                .app_data(web::PayloadConfig::new(MAX_BODY))
                .configure(websocket::routes)
                .service(web::scope("/apps").wrap(from_fn(control::inject)).configure(api::routes))
                .service(web::scope("/control").configure(control::routes))
                .service(web::scope("/health").configure(health::routes))
        })
        .on_connect(Wire::keep)
        // A caller that gave up is noticed while its call hangs, and the call ends there.
        .h1_allow_half_closed(false)
        // Longer than a caller's pool keeps an idle connection, so that none meets a closing one.
        .keep_alive(Duration::from_secs(120))
        .workers(1)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?
        .run();
        Ok(Self { addr, handle: server.handle(), running: tokio::spawn(server), stop })
    }

    /// Where the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Says goodbye to every WebSocket, ends every call, and stops listening.
    ///
    /// # Errors
    /// When the server had already ended by itself, because it could not go on.
    pub async fn stop(self) -> io::Result<()> {
        self.stop.cancel();
        self.handle.stop(true).await;
        self.running.await?
    }
}
