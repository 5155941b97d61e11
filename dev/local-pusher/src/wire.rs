//! The bare connection below HTTP and WebSocket, for when it must break rather than end.

use std::{
    any::Any,
    io::{self, Write as _},
    net::{Shutdown, TcpStream},
    os::fd::AsFd,
};

use actix_web::{dev::Extensions, rt::net};

/// A second handle on the TCP connection that a request came in on.
#[derive(Debug)]
pub struct Wire(TcpStream);

impl Wire {
    /// Keeps a handle beside the connection's own, for its requests to find. For
    /// [`actix_web::HttpServer::on_connect`].
    pub fn keep(connection: &dyn Any, data: &mut Extensions) {
        let Some(stream) = connection.downcast_ref::<net::TcpStream>() else {
            return;
        };
        match stream.as_fd().try_clone_to_owned() {
            Ok(handle) => {
                data.insert(std::sync::Arc::new(Self(handle.into())));
            }
            Err(error) => tracing::warn!(%error, "a connection cannot be broken on demand"),
        }
    }

    /// Breaks the connection off, in both directions and at once; what was not sent yet is lost.
    pub fn cut(&self) {
        log_failure(self.0.shutdown(Shutdown::Both));
    }

    /// Sends the first bytes of an answer, not even its whole status, and breaks off.
    pub fn cut_within_answer(&self) {
        log_failure((&self.0).write_all(b"HTTP/1.1 2"));
        self.cut();
    }
}

/// A client that has gone before it could be cut off is as good as cut off.
fn log_failure(outcome: io::Result<()>) {
    if let Err(error) = outcome {
        tracing::debug!(%error, "the connection was gone already");
    }
}
