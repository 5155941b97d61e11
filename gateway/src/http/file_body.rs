use std::{
    future::{Ready, ready},
    time::Duration,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::body::{declared_length, is_encoded};
use crate::{connections::Connection, problem::Problem, state::AppState};

/// The bytes of a body that a client must send within each client timeout.
const BYTES_PER_TIMEOUT: usize = 64 * 1024;

/// A file as a body, which the handler reads once it knows that it wants it.
pub struct FileBody {
    request: HttpRequest,
    payload: Payload,
    timeout: Duration,
}

impl FromRequest for FileBody {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(AppState::for_request(request).map(|state| Self {
            request: request.clone(),
            payload: payload.take(),
            timeout: state.body_timeout,
        }))
    }
}

impl FileBody {
    /// The length in bytes that the client has declared.
    ///
    /// # Errors
    /// When the body is compressed, or its length exceeds `limit` bytes.
    pub fn length(&self, limit: usize) -> Result<Option<usize>, Problem> {
        if is_encoded(&self.request) {
            return Err(Problem::UnsupportedContentEncoding);
        }
        match declared_length(&self.request) {
            Some(length) if length > limit => Err(Problem::BodyTooLarge(limit)),
            length => Ok(length),
        }
    }

    /// Reads the body, of `limit` bytes at most. The client may take a client timeout for each 64 KiB.
    ///
    /// # Errors
    /// When the body is invalid or too large, or does not arrive in time.
    pub async fn read(&mut self, limit: usize) -> Result<Bytes, Problem> {
        let capacity = declared_length(&self.request).unwrap_or(limit).min(limit);
        let mut bytes = BytesMut::with_capacity(capacity);
        let append = |part: Bytes| {
            if bytes.len() + part.len() > limit {
                return Err(Problem::BodyTooLarge(limit));
            }
            bytes.extend_from_slice(&part);
            Ok(())
        };
        self.read_parts(append).await?;
        Ok(bytes.freeze())
    }

    /// Reads what is left of a body of `limit` bytes at most, and forgets it: a client that is still
    /// sending may not read a response.
    pub async fn discard(&mut self, limit: usize) {
        let mut left = limit;
        let count = |part: Bytes| match left.checked_sub(part.len()) {
            Some(rest) => {
                left = rest;
                Ok(())
            }
            None => Err(Problem::BodyTooLarge(limit)),
        };
        if let Err(problem) = self.read_parts(count).await {
            tracing::debug!(%problem, "a rejected body is not read to its end");
        }
    }

    async fn read_parts(
        &mut self,
        mut take: impl FnMut(Bytes) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let connection = Connection::for_request(&self.request).cloned();
        if let Some(connection) = &connection {
            connection.open_body();
        }
        let began = Instant::now();
        let mut received = 0;
        loop {
            let parts = u32::try_from(received / BYTES_PER_TIMEOUT).unwrap_or(u32::MAX);
            let deadline = began + self.timeout.saturating_mul(parts.saturating_add(1));
            let part = timeout_at(deadline, self.payload.next()).await;
            match part.map_err(|_| Problem::BodyTooSlow)? {
                Some(Ok(part)) => {
                    received += part.len();
                    take(part)?;
                }
                Some(Err(error)) => {
                    return Err(Problem::InvalidBody(format!("cannot be read: {error}")));
                }
                None => break,
            }
        }
        if let Some(connection) = &connection {
            connection.close_body();
        }
        Ok(())
    }
}
