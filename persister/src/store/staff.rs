//! The members of the staff, as their open desks describe them. These rows are about no player: the
//! transactions that write them take their locks after those of conversations and of read marks, in
//! the order of the members' ids.

use std::collections::BTreeMap;

use chat::{SenderId, StaffAvailability};
use diesel::sql_types::{BigInt, Nullable, SmallInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{clock, error::StoreError, statement::Statement};

/// Writes each member's last availability, unless a later one is stored.
///
/// # Errors
/// See [`StoreError`].
pub(super) async fn write(
    connection: &mut AsyncPgConnection,
    availabilities: &[&StaffAvailability],
) -> Result<(), StoreError> {
    let mut last: BTreeMap<&SenderId, &StaffAvailability> = BTreeMap::new();
    for &availability in availabilities {
        let member = last.entry(&availability.staff_id).or_insert(availability);
        if availability.accepted_at > member.accepted_at {
            *member = availability;
        }
    }
    if last.is_empty() {
        return Ok(());
    }
    let members: Vec<_> = last.into_values().collect();
    // A time that is ahead of the database's clock becomes that clock's.
    Statement::new(
        "INSERT INTO chat_staff AS s (id, name, teams, capacity, status, seen_at)
         SELECT id, name, string_to_array(teams, ','), capacity, status,
             CASE WHEN seen_at > now() + tolerance * interval '1 second' THEN now() ELSE seen_at END
         FROM unnest(",
        ") AS new (id, name, teams, capacity, status, seen_at, tolerance)
         ORDER BY id COLLATE \"C\"
         ON CONFLICT (id) DO UPDATE SET
             name = excluded.name,
             teams = excluded.teams,
             capacity = excluded.capacity,
             status = excluded.status,
             seen_at = excluded.seen_at
         WHERE excluded.seen_at > s.seen_at",
    )
    .column::<Text, _, _>(&members, |member| member.staff_id.as_str())
    .column::<Nullable<Text>, _, _>(&members, |member| {
        member.name.as_ref().map(|name| name.as_str())
    })
    .column::<Text, _, _>(&members, |member| teams(member))
    .column::<Nullable<SmallInt>, _, _>(&members, |member| member.capacity.map(to_smallint))
    .column::<Text, _, _>(&members, |member| member.availability.as_str())
    .column::<Timestamptz, _, _>(&members, |member| member.accepted_at)
    .column::<BigInt, _, _>(&members, |_| clock::TOLERANCE.num_seconds())
    .execute(connection)
    .await?;
    Ok(())
}

/// The teams, separated by commas, which no team's name contains.
fn teams(member: &StaffAvailability) -> String {
    let names: Vec<_> = member.teams.iter().map(|team| team.as_str()).collect();
    names.join(",")
}

fn to_smallint(capacity: u16) -> i16 {
    i16::try_from(capacity).unwrap_or(i16::MAX)
}
