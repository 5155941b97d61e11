use std::time::{Duration, Instant};

/// Upper bound of the wait for an expected result.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Polls until there is a result.
///
/// # Panics
/// When there is none within half a minute, with the `condition` that was not met.
pub async fn eventually<T>(condition: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    while began.elapsed() < TIMEOUT {
        if let Some(result) = poll().await {
            return result;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within {TIMEOUT:?}: {condition}");
}
