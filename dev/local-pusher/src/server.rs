use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_web::{App, HttpServer, dev::ServerHandle, middleware::from_fn, web};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{Settings, api, control, health, websocket, wire::Wire, world::World};

/// Upper bound for the body of a request in bytes: ten events of 10 KB, mostly escaped in JSON.
const MAX_BODY: usize = 1024 * 1024;

/// A running server. It runs until it is stopped, or its tokio runtime ends.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    handle: ServerHandle,
    running: JoinHandle<io::Result<()>>,
    stop: CancellationToken,
}

impl Server {
    /// Starts a server on `listener`, inside the caller's tokio runtime. It accepts connections
    /// when this returns.
    ///
    /// # Errors
    /// When the listener cannot be used.
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
        // A call in the fault `hang` ends when its caller disconnects.
        .h1_allow_half_closed(false)
        // Longer than callers keep idle connections, so that no call uses a closing one.
        .keep_alive(Duration::from_secs(120))
        .workers(1)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?
        .run();
        Ok(Self { addr, handle: server.handle(), running: tokio::spawn(server), stop })
    }

    /// The address on which the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Closes every WebSocket, ends every call, and stops listening.
    ///
    /// # Errors
    /// When the server has failed.
    pub async fn stop(self) -> io::Result<()> {
        self.stop.cancel();
        self.handle.stop(true).await;
        self.running.await?
    }
}
