use std::pin::pin;

use diesel::QueryResult;
use futures_util::{Stream, TryStreamExt};

use crate::answers::PAGE_BYTES;

/// The first `limit` of `rows`, and whether there are more. There are fewer where so many would be more
/// than [`PAGE_BYTES`] of JSON, which `bytes` tells of each, but one at least. Rows are taken as they come,
/// so that no more of them is held than the page shows.
pub(super) async fn bounded<Row>(
    rows: impl Stream<Item = QueryResult<Row>>,
    limit: i64,
    bytes: impl Fn(&Row) -> usize,
) -> QueryResult<(Vec<Row>, bool)> {
    let mut rows = pin!(rows);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut shown, mut total) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        total += bytes(&row);
        if shown.len() == limit || (total > PAGE_BYTES && !shown.is_empty()) {
            return Ok((shown, true));
        }
        shown.push(row);
    }
    Ok((shown, false))
}
