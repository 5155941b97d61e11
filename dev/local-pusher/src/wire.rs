//! The TCP connection below HTTP and WebSocket, for faults that break it.

use std::{
    any::Any,
    io::{self, Write as _},
    net::{Shutdown, TcpStream},
    os::fd::AsFd,
};

use actix_web::{dev::Extensions, rt::net};

/// A second handle to the TCP connection of a request.
#[derive(Debug)]
pub struct Wire(TcpStream);

impl Wire {
    /// Stores a handle for the requests of the connection. For
    /// [`actix_web::HttpServer::on_connect`].
    pub fn keep(connection: &dyn Any, data: &mut Extensions) {
        let Some(stream) = connection.downcast_ref::<net::TcpStream>() else {
            return;
        };
        match stream.as_fd().try_clone_to_owned() {
            Ok(handle) => {
                data.insert(std::sync::Arc::new(Self(handle.into())));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot duplicate a connection, which faults cannot break now")
            }
        }
    }

    /// Shuts the connection down in both directions. Bytes that are not sent yet are lost.
    pub fn cut(&self) {
        log_failure(self.0.shutdown(Shutdown::Both));
    }

    /// Sends part of a status line, and shuts the connection down.
    pub fn cut_within_answer(&self) {
        log_failure((&self.0).write_all(b"HTTP/1.1 2"));
        self.cut();
    }
}

/// The client may have disconnected before.
fn log_failure(outcome: io::Result<()>) {
    if let Err(error) = outcome {
        tracing::debug!(%error, "the connection was closed already");
    }
}
