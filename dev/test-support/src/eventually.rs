use std::time::{Duration, Instant};

/// Upper bound of the wait for an expected result, on a machine that is several times slower than usual.
const TIMEOUT: Duration = Duration::from_secs(180);

/// The first wait between two polls, and the longest. A poll costs the servers time that other tests need.
const WAITS: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(100)];

/// Polls until there is a result.
///
/// # Panics
/// When there is none within three minutes, with the `condition` that was not met.
pub async fn eventually<T>(condition: &str, poll: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(TIMEOUT, condition, poll).await
}

/// Polls until there is a result.
///
/// # Panics
/// When there is none within `limit`, with the `condition` that was not met.
pub async fn eventually_within<T>(
    limit: Duration,
    condition: &str,
    mut poll: impl AsyncFnMut() -> Option<T>,
) -> T {
    let began = Instant::now();
    let [mut wait, longest] = WAITS;
    while began.elapsed() < limit {
        if let Some(result) = poll().await {
            return result;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 3 / 2).min(longest);
    }
    panic!("not within {limit:?}: {condition}");
}
