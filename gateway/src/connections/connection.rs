use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    task::Waker,
    time::{Duration, Instant},
};

use actix_web::HttpRequest;
use atomic_waker::AtomicWaker;

use crate::metrics::CloseReason;

/// An answer must be taken in the time that a body may take, and once more for each of so many bytes.
const BYTES_A_TIMEOUT: u64 = 64 * 1024;

/// What happens on one connection. Its stream and the requests on it write it, on one thread; the
/// registry reads it from others. Times are in microseconds since `began`; 0 stands for none.
#[derive(Debug)]
pub struct Connection {
    began: Instant,
    /// Requests that are being answered.
    requests: AtomicU32,
    /// Requests that have begun.
    begun: AtomicU64,
    /// When the last of them was answered, or when the connection was opened.
    last_active: AtomicU64,
    /// When a head began to arrive that is not complete.
    head_began: AtomicU64,
    /// Whether the body of the request that is being answered may be read.
    body_open: AtomicBool,
    /// Whether that body was read to its end.
    body_read: AtomicBool,
    /// Whether what comes is the rest of a body that no call read.
    draining: AtomicBool,
    /// Whether a write waits for the client.
    blocked: AtomicBool,
    /// When a write of this answer first waited for the client, and what it has taken since.
    stalled_since: AtomicU64,
    taken_since: AtomicU64,
    /// Whether bytes have come that may not be read yet.
    held: AtomicBool,
    closing: AtomicBool,
    waker: AtomicWaker,
}

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the head of a request, and for taking an answer.
    pub client: Duration,
    /// For everything between two requests.
    pub idle: Duration,
}

impl Connection {
    /// One that was opened now. `began` is what its times count from.
    pub(crate) fn open(began: Instant) -> Self {
        let connection = Self {
            began,
            requests: AtomicU32::new(0),
            begun: AtomicU64::new(0),
            last_active: AtomicU64::new(0),
            head_began: AtomicU64::new(0),
            body_open: AtomicBool::new(false),
            body_read: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            stalled_since: AtomicU64::new(0),
            taken_since: AtomicU64::new(0),
            held: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        };
        connection.last_active.store(connection.now(), Relaxed);
        connection
    }

    /// The connection that `request` came on, when it came on one.
    pub fn of(request: &HttpRequest) -> Option<&Arc<Self>> {
        request.conn_data::<Arc<Self>>()
    }

    /// Microseconds since the gateway began to serve; never 0.
    pub(super) fn now(&self) -> u64 {
        micros(self.began.elapsed()).max(1)
    }

    /// When it was last active; `now` while a request is being answered.
    pub(super) fn last_active(&self, now: u64) -> u64 {
        if self.is_answering() { now } else { self.last_active.load(Relaxed) }
    }

    pub(super) fn is_answering(&self) -> bool {
        self.requests.load(Relaxed) > 0
    }

    /// How many requests have begun.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Relaxed)
    }

    /// Whether bytes that come now belong to a body that a call reads.
    pub(super) fn is_body_open(&self) -> bool {
        self.body_open.load(Relaxed)
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Relaxed)
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Relaxed)
    }

    /// Since when its client takes nothing of an answer, while it does not and the connection stays open.
    pub(crate) fn blocked_since(&self) -> Option<u64> {
        let is_blocked = self.is_blocked() && !self.is_closing();
        is_blocked.then(|| self.stalled_since.load(Relaxed))
    }

    /// Whether it ends as soon as it can.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    /// Whether its stream holds back bytes.
    pub(super) fn is_held(&self) -> bool {
        self.held.load(Relaxed)
    }

    /// Notes that bytes have come that may not be read yet.
    pub(super) fn hold(&self) {
        self.held.store(true, Relaxed);
    }

    /// Lets the stream read on.
    fn release(&self) {
        if self.held.load(Relaxed) {
            self.held.store(false, Relaxed);
            self.waker.wake();
        }
    }

    /// Who is to be woken when the connection is closed, or may be read on.
    pub(super) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Bytes of a head have come.
    pub(super) fn head_came(&self) {
        if self.head_began.load(Relaxed) == 0 {
            self.head_began.store(self.now(), Relaxed);
        }
    }

    /// A request began, whose head is complete.
    pub(super) fn request_began(&self) {
        self.requests.fetch_add(1, Relaxed);
        self.begun.fetch_add(1, Relaxed);
        self.head_began.store(0, Relaxed);
        self.body_read.store(false, Relaxed);
        self.draining.store(false, Relaxed);
        if !self.is_blocked() {
            self.stalled_since.store(0, Relaxed);
        }
    }

    /// A request was answered, and its answer handed to the socket. `unread` says whether a body may
    /// still come that no call has read.
    pub(super) fn request_ended(&self, unread: bool) {
        self.draining.store(unread, Relaxed);
        self.body_open.store(false, Relaxed);
        self.last_active.store(self.now(), Relaxed);
        self.requests.fetch_sub(1, Relaxed);
        self.release();
    }

    pub(super) fn was_body_read(&self) -> bool {
        self.body_read.load(Relaxed)
    }

    /// Lets the body of the request that is being answered come.
    pub fn open_body(&self) {
        self.body_open.store(true, Relaxed);
        self.release();
    }

    /// Notes that the body was read to its end.
    pub fn close_body(&self) {
        self.body_open.store(false, Relaxed);
        self.body_read.store(true, Relaxed);
    }

    /// The client took `bytes` of an answer.
    pub(super) fn wrote(&self, bytes: usize) {
        if self.stalled_since.load(Relaxed) == 0 {
            return;
        }
        self.taken_since.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Relaxed);
        if self.blocked.swap(false, Relaxed) {
            self.release();
        }
    }

    /// The client takes nothing at the moment.
    pub(crate) fn write_blocked(&self) {
        self.blocked.store(true, Relaxed);
        if self.stalled_since.load(Relaxed) == 0 {
            self.stalled_since.store(self.now(), Relaxed);
            self.taken_since.store(0, Relaxed);
        }
    }

    /// Why the connection is to be closed at `now`, if it is.
    pub(super) fn overdue(&self, now: u64, timeouts: &Timeouts) -> Option<CloseReason> {
        let is_over = |since: u64, limit: Duration| now.saturating_sub(since) > micros(limit);
        if self.is_blocked() {
            let stalled = self.stalled_since.load(Relaxed);
            let parts = self.taken_since.load(Relaxed) / BYTES_A_TIMEOUT;
            let parts = u32::try_from(parts).unwrap_or(u32::MAX).saturating_add(1);
            return is_over(stalled, timeouts.client.saturating_mul(parts))
                .then_some(CloseReason::Stalled);
        }
        if self.is_answering() {
            return None;
        }
        let head = self.head_began.load(Relaxed);
        // actix answers the first head that does not come in time, and is left the time to do so.
        if head > 0 && is_over(head, timeouts.client + timeouts.client / 4) {
            return Some(CloseReason::SlowHead);
        }
        is_over(self.last_active.load(Relaxed), timeouts.idle).then_some(CloseReason::Idle)
    }

    /// Has its stream end as soon as it can.
    pub(crate) fn close(&self) {
        self.closing.store(true, Relaxed);
        self.waker.wake();
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUTS: Timeouts =
        Timeouts { client: Duration::from_secs(10), idle: Duration::from_secs(85) };

    fn seconds(number: u64) -> u64 {
        number * 1_000_000
    }

    #[test]
    fn a_client_that_takes_its_answer_by_bits_is_given_up_and_one_that_is_slow_is_not() {
        let connection = Connection::open(Instant::now());
        connection.request_began();
        connection.write_blocked();
        let since = connection.stalled_since.load(Relaxed);
        let overdue = |at: u64| connection.overdue(since + seconds(at), &TIMEOUTS);
        assert_eq!(overdue(9), None);
        assert_eq!(overdue(11), Some(CloseReason::Stalled));
        connection.wrote(7_000);
        assert_eq!(overdue(11), None, "it does not wait for the client now");
        connection.write_blocked();
        assert_eq!(overdue(11), Some(CloseReason::Stalled), "7 kB in 11 s are too little");
        connection.wrote(60_000);
        connection.write_blocked();
        assert_eq!((overdue(19), overdue(21)), (None, Some(CloseReason::Stalled)));
    }

    #[test]
    fn a_head_has_its_time_and_a_request_that_is_being_answered_has_any() {
        let connection = Connection::open(Instant::now());
        connection.head_came();
        let at = |at: u64| connection.overdue(connection.now() + seconds(at), &TIMEOUTS);
        assert_eq!((at(12), at(13)), (None, Some(CloseReason::SlowHead)));
        connection.request_began();
        assert_eq!(at(1_000), None);
        connection.request_ended(false);
        assert_eq!((at(84), at(86)), (None, Some(CloseReason::Idle)));
    }
}
