use std::{
    any::Any,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

use super::track_request::RequestGuard;

/// A value among a response's extensions that is dropped once the whole body is sent, or the
/// connection is closed.
#[derive(Debug)]
pub struct HeldUntilSent {
    _value: Box<dyn Any>,
}

impl HeldUntilSent {
    /// Holds `value`.
    pub fn new(value: impl Any) -> Self {
        Self { _value: Box::new(value) }
    }
}

/// A body that is sent in pieces of a maximum size. actix copies each part of a body into the
/// buffer of its connection, and never shrinks the buffer.
#[derive(Debug)]
pub struct Pieces {
    body: BoxBody,
    part: Bytes,
    piece: usize,
    _until_sent: (Option<RequestGuard>, Option<HeldUntilSent>),
}

impl Pieces {
    /// Sends `body` in pieces of at most `piece` bytes. `until_sent` is dropped after the last
    /// piece.
    pub(super) fn new(
        body: BoxBody,
        piece: usize,
        until_sent: (Option<RequestGuard>, Option<HeldUntilSent>),
    ) -> Self {
        Self { body, part: Bytes::new(), piece, _until_sent: until_sent }
    }
}

impl MessageBody for Pieces {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        while self.part.is_empty() {
            match ready!(self.body.as_pin_mut().poll_next(cx)) {
                Some(Ok(part)) => self.part = part,
                other => return Poll::Ready(other),
            }
        }
        let piece = self.piece.min(self.part.len());
        Poll::Ready(Some(Ok(self.part.split_to(piece))))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn a_body_is_sent_in_pieces_of_the_maximum_size() {
        let body = BoxBody::new(Bytes::from(vec![7; 25]));
        let mut pieces = Pieces::new(body, 10, (None, None));
        assert_eq!(pieces.size(), BodySize::Sized(25));
        let mut sizes = Vec::new();
        while let Some(piece) = poll_fn(|cx| Pin::new(&mut pieces).poll_next(cx)).await {
            sizes.push(piece.unwrap().len());
        }
        assert_eq!(sizes, [10, 10, 5]);
    }
}
