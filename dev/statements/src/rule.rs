//! What a statement must be like for tables that are distributed by player: each join compares
//! `player_id`, and so does each update and deletion; `SELECT … FOR UPDATE` names one player.

use std::{collections::BTreeMap, convert::Infallible, ops::ControlFlow};

use sqlparser::{
    ast::{BinaryOperator, Expr, Query, SetExpr, Statement, TableFactor, Value, Visit, Visitor},
    dialect::PostgreSqlDialect,
    parser::Parser,
};

/// Tables about no player. They are not distributed, and no other table is joined with them.
const OF_NO_PLAYER: [&str; 2] = ["chat_staff", "chat_canned_replies"];

/// Checks one statement, in the form of `pg_stat_statements`.
///
/// # Errors
/// Says what the statement lacks.
pub fn check(sql: &str) -> Result<(), String> {
    // The parser does not know this strength, which changes nothing here.
    let sql = sql.replace("NO KEY UPDATE", "UPDATE");
    let statements = Parser::parse_sql(&PostgreSqlDialect {}, &sql)
        .map_err(|error| format!("cannot be parsed ({error})"))?;
    statements.iter().try_for_each(check_statement)
}

fn check_statement(statement: &Statement) -> Result<(), String> {
    let found = Found::within(statement);
    if let Some(table) = found.untied() {
        return Err(format!("{table} is joined without player_id"));
    }
    if found.locks_several {
        return Err("it locks rows of several players, and is no upsert".to_owned());
    }
    let writes = matches!(statement, Statement::Update(_) | Statement::Delete(_));
    if writes && !found.compares_player && !found.is_of_no_player() {
        return Err("it writes without a condition on player_id".to_owned());
    }
    Ok(())
}

/// The tables of a statement by alias, and which of them it compares by `player_id`.
#[derive(Default)]
struct Found {
    tables: Vec<String>,
    /// Each alias or parameter with one that it equals, in the end a representative.
    equal: BTreeMap<String, String>,
    locks_several: bool,
    compares_player: bool,
}

impl Found {
    fn within(part: &impl Visit) -> Self {
        let mut found = Self::default();
        match part.visit(&mut found) {
            ControlFlow::Continue(()) => found,
            ControlFlow::Break(never) => match never {},
        }
    }

    /// Whether all its tables are about no player.
    fn is_of_no_player(&self) -> bool {
        !self.tables.is_empty()
            && self.tables.iter().all(|table| OF_NO_PLAYER.contains(&table.as_str()))
    }

    /// A table that is not compared with the first one.
    fn untied(&self) -> Option<&str> {
        let (first, others) = self.tables.split_first()?;
        let first = self.representative(first);
        others.iter().find(|table| self.representative(table) != first).map(String::as_str)
    }

    fn representative<'a>(&'a self, mut alias: &'a str) -> &'a str {
        while let Some(other) = self.equal.get(alias) {
            alias = other;
        }
        alias
    }

    fn tie(&mut self, one: &str, other: &str) {
        let one = self.representative(one).to_owned();
        let other = self.representative(other).to_owned();
        if one != other {
            self.equal.insert(one, other);
        }
    }
}

impl Visitor for Found {
    type Break = Infallible;

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Infallible> {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let name = name.to_string().replace('"', "");
                if name.starts_with("chat_") {
                    let alias = alias.as_ref().map_or(name, |alias| alias.name.value.clone());
                    self.tables.push(alias);
                }
            }
            // Its rows are those of its first table.
            TableFactor::Derived { subquery, alias: Some(alias), .. } => {
                if let Some(first) = Self::within(&**subquery).tables.first() {
                    self.tie(&alias.name.value, first);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Infallible> {
        match expr {
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                let (left_is_player, right_is_player) = (is_player(left), is_player(right));
                self.compares_player |= left_is_player || right_is_player;
                if let (Some(left), Some(right)) = (node(left), node(right))
                    && (left_is_player || right_is_player)
                {
                    self.tie(&left, &right);
                }
            }
            Expr::AnyOp { left, .. } if is_player(left) => self.compares_player = true,
            Expr::In { expr, .. } => {
                if let Expr::Tuple(parts) = &**expr {
                    self.compares_player |= parts.iter().any(is_player);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Infallible> {
        if query.locks.is_empty() {
            return ControlFlow::Continue(());
        }
        let selection = match &*query.body {
            SetExpr::Select(select) => select.selection.as_ref(),
            _ => None,
        };
        self.locks_several |= !selection.is_some_and(names_one_player);
        ControlFlow::Continue(())
    }
}

/// Whether a condition is `player_id = $1`, or has it as a part that must be true.
fn names_one_player(condition: &Expr) -> bool {
    match condition {
        Expr::Nested(inner) => names_one_player(inner),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            names_one_player(left) || names_one_player(right)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            is_player(left) && is_parameter(right)
        }
        _ => false,
    }
}

fn is_player(expr: &Expr) -> bool {
    match expr {
        Expr::Identifier(name) => name.value == "player_id",
        Expr::CompoundIdentifier(parts) => {
            parts.last().is_some_and(|name| name.value == "player_id")
        }
        _ => false,
    }
}

fn is_parameter(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, Value::Placeholder(_)))
}

/// What `player_id` is compared with: a parameter, or the alias of a table.
fn node(expr: &Expr) -> Option<String> {
    match expr {
        Expr::CompoundIdentifier(parts) => {
            let (_, alias) = parts.split_last()?;
            Some(alias.last()?.value.clone())
        }
        Expr::Value(_) if is_parameter(expr) => Some(expr.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_join_must_compare_player_id() {
        let joined = |on: &str| {
            check(&format!("SELECT 1 FROM chat_conversations c JOIN chat_sessions s ON {on}"))
        };
        assert_eq!(joined("s.player_id = c.player_id AND s.id = c.session_id"), Ok(()));
        assert!(check("SELECT 1 FROM chat_staff t, chat_sessions s WHERE s.id = t.id").is_err());
        assert_eq!(joined("s.id = c.session_id"), Err("s is joined without player_id".to_owned()));
        let keys = "SELECT 1 FROM unnest($1, $2) AS key (player_id, id)
            JOIN chat_messages m ON m.player_id = key.player_id AND m.id = key.id";
        assert_eq!(check(keys), Ok(()));
        let derived = "UPDATE chat_conversations AS c SET unanswered = 0 FROM (
                SELECT s.player_id FROM chat_sessions s WHERE s.player_id = ANY ($1)
            ) AS new WHERE c.player_id = new.player_id";
        assert_eq!(check(derived), Ok(()));
    }

    #[test]
    fn a_write_must_have_a_condition_on_player_id() {
        assert_eq!(check("DELETE FROM chat_messages WHERE player_id = $1 AND id = $2"), Ok(()));
        assert!(check("DELETE FROM chat_messages WHERE id = ANY ($1)").is_err());
        assert!(check("UPDATE chat_messages SET content = '' WHERE id = $1").is_err());
        assert_eq!(check("UPDATE chat_staff SET last_assigned_at = $2 WHERE id = $1"), Ok(()));
    }

    #[test]
    fn only_an_upsert_locks_rows_of_several_players() {
        let lock = |filter: &str| {
            check(&format!("SELECT 1 FROM chat_conversations WHERE {filter} FOR NO KEY UPDATE"))
        };
        assert_eq!(lock("(player_id = $1)"), Ok(()));
        assert!(lock("player_id = ANY ($1)").is_err());
        let upsert = "INSERT INTO chat_conversations AS c (player_id)
            SELECT player_id FROM unnest($1) AS new (player_id) ORDER BY player_id COLLATE \"C\"
            ON CONFLICT (player_id) DO UPDATE SET last_seq = c.last_seq RETURNING c.player_id";
        assert_eq!(check(upsert), Ok(()));
    }
}
