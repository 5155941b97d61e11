//! Signals, deadlines and the end of a process.

use std::{io, time::Duration};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::settings::duration;

/// The time limits of a stop.
#[derive(Args, Clone, Copy, Debug)]
pub struct ShutdownSettings {
    /// Time within which the process ends after SIGTERM, whatever hangs: four fifths of it to finish its
    /// work, the rest to close connections. It must be shorter than the time after which the process is
    /// killed, 10s by default with docker compose
    #[arg(long, env = "SHUTDOWN_TIMEOUT", default_value = "9s", value_parser = duration, value_name = "DURATION")]
    pub shutdown_timeout: Duration,
}

impl ShutdownSettings {
    /// The part of the time in which a service may finish its work.
    pub fn grace(self) -> Duration {
        self.shutdown_timeout * 4 / 5
    }
}

/// A token that is cancelled when the process gets SIGTERM or SIGINT.
///
/// # Errors
/// When the signal handlers cannot be installed.
pub fn on_signal() -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        cancelled.cancel();
    });
    Ok(token)
}

/// Resolves when a stopping worker must requeue its unfinished deliveries.
pub async fn grace(stop: &CancellationToken, settings: ShutdownSettings) {
    stop.cancelled().await;
    tokio::time::sleep(settings.grace()).await;
}

/// Runs `service` until it ends, or until `SHUTDOWN_TIMEOUT` after `stop` is cancelled. What is still open
/// then is dropped: no accepted event is lost when a process ends at any moment.
///
/// # Errors
/// Those of `service`.
pub async fn by_deadline<E>(
    stop: &CancellationToken,
    settings: ShutdownSettings,
    service: impl Future<Output = Result<(), E>>,
) -> Result<(), E> {
    let deadline = async {
        stop.cancelled().await;
        tokio::time::sleep(settings.shutdown_timeout).await;
    };
    tokio::select! {
        result = service => result,
        () = deadline => {
            tracing::warn!("SHUTDOWN_TIMEOUT is over: ending with open connections");
            Ok(())
        }
    }
}

/// Time for blocking threads at the end of a program, such as one that writes a log line.
const TIME_FOR_THREADS: Duration = Duration::from_millis(100);

/// Runs `program` on a runtime. Does not wait for threads that hang at its end, such as one that resolves
/// a host name.
///
/// # Errors
/// When the runtime cannot be started.
pub fn run_program<T>(program: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Runtime::new()?;
    let output = runtime.block_on(program);
    runtime.shutdown_timeout(TIME_FOR_THREADS);
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: ShutdownSettings =
        ShutdownSettings { shutdown_timeout: Duration::from_millis(50) };

    #[test]
    fn a_program_ends_while_a_thread_hangs() {
        let (held, hold) = std::sync::mpsc::channel::<()>();
        let program = async move {
            tokio::task::spawn_blocking(move || hold.recv().is_ok());
            7
        };
        assert_eq!(run_program(program).unwrap(), 7);
        drop(held);
    }

    #[tokio::test]
    async fn a_service_that_hangs_is_dropped_at_its_deadline() {
        let stop = CancellationToken::new();
        stop.cancel();
        let hangs = std::future::pending::<Result<(), ()>>();
        assert_eq!(by_deadline(&stop, SHORT, hangs).await, Ok(()));
    }

    #[tokio::test]
    async fn a_service_that_is_not_stopping_has_no_deadline() {
        let stop = CancellationToken::new();
        let service = async {
            tokio::time::sleep(SHORT.shutdown_timeout * 2).await;
            Err("it failed")
        };
        assert_eq!(by_deadline(&stop, SHORT, service).await, Err("it failed"));
    }
}
