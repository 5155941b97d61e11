use chat::PlayerId;
use database::schema::{chat_conversations, chat_sessions};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods,
    OptionalExtension, QueryDsl, QueryResult,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// The team of the latest session of `player`, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn team_of_latest_session(
    mut connection: &AsyncPgConnection,
    player: &PlayerId,
) -> QueryResult<Option<String>> {
    let of_player = chat_sessions::player_id.eq(chat_conversations::player_id);
    let latest = of_player.and(chat_conversations::session_id.eq(chat_sessions::id.nullable()));
    let team = chat_conversations::table
        .inner_join(chat_sessions::table.on(latest))
        .filter(chat_conversations::player_id.eq(player.as_str()))
        .select(chat_sessions::team)
        .first::<Option<String>>(&mut connection)
        .await
        .optional()?;
    Ok(team.flatten())
}
