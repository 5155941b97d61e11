//! The threads that inspect files.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use bytes::Bytes;
use service::LogLimit;
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

use super::inspect::{Inspected, Refused, Rules, inspect};

/// The lowest priority: requests go first wherever both want the processor.
const NICENESS: i32 = 19;

/// Threads of low priority that inspect files, apart from those that serve requests. Cheap to clone;
/// the threads end when the last clone is dropped.
///
/// A picture of the most pixels ([`Rules::MAX_PIXELS`]) needs up to 300 MB in each thread while it
/// is decoded: a progressive JPEG without chroma subsampling is the largest, with 6 bytes a pixel
/// for its coefficients and 3 for the result; a picture that is turned needs twice its 3 or 4 bytes
/// a pixel; an animation 12 bytes a pixel of its canvas, which may have a quarter of the pixels. Add
/// two copies of the file. Most pictures need a third of that. Files that wait need their own size.
#[derive(Clone, Debug)]
pub struct InspectionPool {
    jobs: mpsc::Sender<Job>,
}

/// Why a file was not inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// The file may not be stored (415 for [`Refused::NotAllowed`], otherwise 422).
    #[error(transparent)]
    Refused(#[from] Refused),
    /// As many files wait as may wait (503: later again).
    #[error("too many files wait for their inspection")]
    Busy,
    /// The inspection of this file failed, for a reason that the log has. No other file is concerned
    /// (422: the same file fails again).
    #[error("the file cannot be inspected: save it again with another program")]
    Failed,
}

#[derive(Debug)]
struct Job {
    bytes: Bytes,
    answer: oneshot::Sender<Result<Inspected, InspectError>>,
}

impl InspectionPool {
    /// Starts `workers` threads. At most `queue` files wait for one; both are at least one.
    ///
    /// # Errors
    /// Fails if a thread cannot be started.
    pub fn start(workers: usize, queue: usize, rules: Rules) -> io::Result<Self> {
        Self::start_with(workers, queue, move |bytes| inspect(bytes, &rules))
    }

    fn start_with(
        workers: usize,
        queue: usize,
        inspect: impl Fn(Bytes) -> Result<Inspected, Refused> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (jobs, receiver) = mpsc::channel(queue.max(1));
        let (receiver, inspect) = (Arc::new(Mutex::new(receiver)), Arc::new(inspect));
        for number in 0..workers.max(1) {
            let (receiver, inspect) = (Arc::clone(&receiver), Arc::clone(&inspect));
            thread::Builder::new().name(format!("inspection-{number}")).spawn(move || {
                lower_priority();
                while let Some(job) = next(&receiver) {
                    work(job, inspect.as_ref());
                }
            })?;
        }
        Ok(Self { jobs })
    }

    /// Inspects a file on one of the threads. A caller that stops waiting takes its file out of the
    /// queue.
    ///
    /// # Errors
    /// Fails if the file may not be stored, or is not inspected.
    pub async fn inspect(&self, bytes: Bytes) -> Result<Inspected, InspectError> {
        let (answer, inspected) = oneshot::channel();
        self.jobs.try_send(Job { bytes, answer }).map_err(|error| match error {
            TrySendError::Full(_) => InspectError::Busy,
            TrySendError::Closed(_) => InspectError::Failed,
        })?;
        inspected.await.map_err(|_| InspectError::Failed)?
    }
}

fn next(receiver: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}

/// A decoder that panics fails its own file alone: it shares nothing with the next.
fn work(job: Job, inspect: impl Fn(Bytes) -> Result<Inspected, Refused>) {
    let Job { bytes, answer } = job;
    if answer.is_closed() {
        return;
    }
    let inspected = match catch_unwind(AssertUnwindSafe(|| inspect(bytes))) {
        Ok(inspected) => inspected.map_err(InspectError::Refused),
        Err(_) => {
            static LIMIT: LogLimit = LogLimit::per_minute(10);
            if let Some(line) = LIMIT.line() {
                tracing::error!(
                    left_out = line.left_out,
                    "the inspection of an attachment panicked; the file is refused"
                );
            }
            Err(InspectError::Failed)
        }
    };
    // The caller may have stopped waiting.
    answer.send(inspected).ok();
}

/// Lowers the priority of the calling thread: on Linux, each thread has its own.
fn lower_priority() {
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(exception.message = %error, "attachments are inspected with the priority of requests");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as blocking;

    use futures_util::FutureExt;

    use super::*;

    fn inspected(bytes: Bytes) -> Inspected {
        Inspected { file_type: chat::FileType::Text, bytes, dimensions: None, thumbnail: None }
    }

    fn rules() -> Rules {
        Rules {
            types: [chat::FileType::Text].into(),
            max_pixels: Rules::MAX_PIXELS,
            reencode: false,
        }
    }

    #[tokio::test]
    async fn a_file_is_inspected() {
        let pool = InspectionPool::start(2, 8, rules()).unwrap();
        let text = pool.inspect(Bytes::from_static(b"the boss is stuck")).await.unwrap();
        assert_eq!(text.bytes, b"the boss is stuck".as_slice());
        let html = pool.inspect(Bytes::from_static(b"<html>")).await.unwrap_err();
        assert_eq!(html, InspectError::Refused(Refused::NotAllowed));
    }

    #[tokio::test]
    async fn a_panic_refuses_its_own_file_alone() {
        let pool = InspectionPool::start_with(1, 8, |bytes| {
            assert_ne!(bytes, b"bad".as_slice());
            Ok(inspected(bytes))
        })
        .unwrap();
        let bad = pool.inspect(Bytes::from_static(b"bad")).await.unwrap_err();
        assert_eq!(bad, InspectError::Failed);
        assert!(pool.inspect(Bytes::from_static(b"good")).await.is_ok());
    }

    #[tokio::test]
    async fn files_beyond_the_queue_are_refused_and_abandoned_ones_skipped() {
        let (started, has_started) = blocking::channel();
        let (go_on, may_go_on) = blocking::channel();
        let may_go_on = Mutex::new(may_go_on);
        let pool = InspectionPool::start_with(1, 1, move |bytes| {
            started.send(bytes.clone()).unwrap();
            may_go_on.lock().unwrap().recv().unwrap();
            Ok(inspected(bytes))
        })
        .unwrap();
        let mut first = Box::pin(pool.inspect(Bytes::from_static(b"first")));
        assert!(first.as_mut().now_or_never().is_none());
        assert_eq!(has_started.recv().unwrap(), b"first".as_slice());
        let mut second = Box::pin(pool.inspect(Bytes::from_static(b"second")));
        assert!(second.as_mut().now_or_never().is_none());
        let third = pool.inspect(Bytes::from_static(b"third")).await.unwrap_err();
        assert_eq!(third, InspectError::Busy);
        drop(second);
        go_on.send(()).unwrap();
        first.await.unwrap();
        go_on.send(()).unwrap();
        // The second file leaves the queue after the first one's answer.
        drop(pool.jobs.reserve().await.unwrap());
        pool.inspect(Bytes::from_static(b"fourth")).await.unwrap();
        assert_eq!(has_started.recv().unwrap(), b"fourth".as_slice());
    }
}
