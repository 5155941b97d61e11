use std::pin::pin;

use diesel::QueryResult;
use futures_util::{Stream, TryStreamExt};

use crate::answers::PAGE_BYTES;

/// The first `limit` rows, and whether there are more. It stops earlier when the rows exceed
/// [`PAGE_BYTES`] of JSON, whose size `bytes` returns, but returns one at least. Rows are read one
/// by one, so that no more are held than the page has.
pub(super) async fn bounded<Row>(
    rows: impl Stream<Item = QueryResult<Row>>,
    limit: i64,
    bytes: impl Fn(&Row) -> usize,
) -> QueryResult<(Vec<Row>, bool)> {
    let mut rows = pin!(rows);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut page, mut total) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        total += bytes(&row);
        if page.len() == limit || (total > PAGE_BYTES && !page.is_empty()) {
            return Ok((page, true));
        }
        page.push(row);
    }
    Ok((page, false))
}
