use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actix_web::rt::net::TcpStream;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{HEAD_LIMIT, connection::Connection, heads::Heads, registry::Admitted};
use crate::metrics::CloseReason;

/// The bytes of a head that actix gets before it first parses them. It parses a head from its
/// beginning each time, so that it gets as many again after that.
const HEAD_STEP: usize = 2 * 1024;

/// The bytes of a body that actix gets at once.
const BODY_STEP: usize = 8 * 1024;

/// The room, in bytes, below which actix enlarges its buffer.
const LEAST_ROOM: usize = 1024;

/// The most bytes of an unread body that are discarded before the connection is closed.
const DRAIN_LIMIT: usize = 1024 * 1024;

/// The response to a head that is too large, before the connection is closed.
const TOO_LARGE: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\n\
    content-type: application/problem+json\r\n\
    connection: close\r\n\
    content-length: 178\r\n\r\n\
    {\"type\":\"urn:problem-type:player-portal-chat:head-too-large\",\
    \"title\":\"Request header fields too large\",\"status\":431,\
    \"detail\":\"the head of the request is larger than 16384 bytes\"}";

/// A client's connection, from which actix gets no more than it may buffer: one head after the
/// other, no head that is too large, and nothing while a request is in progress or a write waits
/// for the client, except a body that a handler reads.
#[derive(Debug)]
pub struct BoundedStream {
    stream: TcpStream,
    admitted: Admitted,
    /// Bytes since the last request began. Earlier bytes are parsed: actix gets nothing while a
    /// request waits within it.
    unparsed: usize,
    /// The connection's number of requests when bytes last arrived.
    begun: u64,
    heads: Heads,
    /// Bytes that have arrived and that actix may not have yet.
    rest: Bytes,
    /// Whether actix must parse what it has before it gets more.
    is_full: bool,
    ended: bool,
}

impl BoundedStream {
    pub(super) fn new(stream: TcpStream, admitted: Admitted) -> Self {
        Self {
            stream,
            admitted,
            unparsed: 0,
            begun: 0,
            heads: Heads::default(),
            rest: Bytes::new(),
            is_full: false,
            ended: false,
        }
    }

    /// The state of the connection.
    pub(super) fn connection(&self) -> &Arc<Connection> {
        self.admitted.connection()
    }

    /// Reads at most `step` bytes of heads or of a body.
    fn read_step(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
        step: usize,
    ) -> Poll<io::Result<usize>> {
        let mut bytes = [MaybeUninit::uninit(); BODY_STEP];
        // actix replaces a buffer with less room than this before it parses what is in it.
        let room = buffer.remaining();
        let most = if room > LEAST_ROOM { step.min(room - LEAST_ROOM) } else { step.min(room) };
        let Some(bytes) = bytes.get_mut(..most) else { return Poll::Ready(Ok(0)) };
        let mut bytes = ReadBuf::uninit(bytes);
        if self.rest.is_empty() {
            let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, &mut bytes) else {
                self.heads.reset();
                return Poll::Pending;
            };
            read?;
        } else {
            bytes.put_slice(&self.rest.split_to(most.min(self.rest.len())));
        }
        let read = bytes.filled();
        let allowed = self.heads.allow(read);
        let (now, later) = read.split_at_checked(allowed).unwrap_or((read, &[]));
        buffer.put_slice(now);
        if !later.is_empty() {
            self.rest = [later, &self.rest].concat().into();
        }
        self.is_full = read.len() == most || !later.is_empty() || self.heads.is_full();
        Poll::Ready(Ok(now.len()))
    }

    /// Lets actix parse what it has, and wakes it when more bytes have arrived.
    fn pause(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_full = false;
        self.heads.reset();
        if ready!(self.poll_more(cx))? {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    /// Waits until more may be read, and returns at once when the client ends the connection.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.connection().is_held() {
            return Poll::Pending;
        }
        if ready!(self.poll_more(cx))? {
            self.connection().hold();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    /// Whether there are bytes to read; false when the client has ended the connection.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Ok(true));
        }
        let mut byte = [0];
        let peeked = ready!(self.stream.poll_peek(cx, &mut ReadBuf::new(&mut byte)));
        Poll::Ready(peeked.map(|bytes| bytes > 0))
    }

    /// Ends a connection that exceeds a limit.
    fn refuse(&mut self) {
        self.ended = true;
        if self.connection().is_draining() {
            return;
        }
        self.admitted.count(CloseReason::LargeHead);
        let mut rest = [0; BODY_STEP];
        let written = self.stream.try_write(TOO_LARGE);
        // Closing a socket with unread bytes resets the connection, and the client may lose the
        // response.
        let mut left = DRAIN_LIMIT;
        while written.is_ok() && left > 0 {
            match self.stream.try_read(&mut rest) {
                Ok(read) if read > 0 => left = left.saturating_sub(read),
                _ => return,
            }
        }
    }
}

impl AsyncRead for BoundedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(Ok(()));
        }
        let connection = Arc::clone(this.connection());
        connection.register(cx.waker());
        if connection.is_closing() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if this.is_full {
            return this.pause(cx);
        }
        let is_answering = connection.is_answering();
        if is_answering && connection.is_body_open() {
            return this.read_step(cx, buffer, BODY_STEP).map_ok(drop);
        }
        if is_answering || connection.is_blocked() {
            return this.wait(cx);
        }
        if this.begun != connection.begun() {
            this.begun = connection.begun();
            this.unparsed = 0;
        }
        let limit = if connection.is_draining() { DRAIN_LIMIT } else { HEAD_LIMIT };
        if this.unparsed >= limit {
            this.refuse();
            return Poll::Ready(Ok(()));
        }
        let step = this.unparsed.clamp(HEAD_STEP, BODY_STEP).min(limit - this.unparsed);
        let read = ready!(this.read_step(cx, buffer, step))?;
        if read > 0 {
            this.unparsed += read;
            connection.head_arrived();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        let connection = self.connection();
        match &written {
            Poll::Ready(Ok(bytes)) => connection.wrote(*bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                connection.register(cx.waker());
                if connection.is_closing() {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
                }
                connection.write_blocked();
            }
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_length_of_the_431_is_that_of_its_body() {
        let text = std::str::from_utf8(TOO_LARGE).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
        assert!(body.contains(&HEAD_LIMIT.to_string()));
    }
}
