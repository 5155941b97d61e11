use std::marker::PhantomData;

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{Array, HasSqlType, Untyped},
};

/// SQL with one array parameter for each column, so that the text is the same for one row and for
/// five hundred. A connection prepares it once, which it does not for `sql_query`.
pub(super) struct Statement<'a> {
    before: &'static str,
    columns: Vec<Box<dyn Column + Send + 'a>>,
    after: &'static str,
}

impl<'a> Statement<'a> {
    /// A statement with its parameters between `before` and `after`.
    pub fn new(before: &'static str, after: &'static str) -> Self {
        Self { before, columns: Vec::new(), after }
    }

    /// Adds the next column: the `value` of each row, of the SQL type `Type`.
    pub fn column<Type, Row, Value>(
        mut self,
        rows: &'a [Row],
        value: impl Fn(&'a Row) -> Value,
    ) -> Self
    where
        Type: 'static,
        Value: Send + 'a,
        Pg: HasSqlType<Array<Type>>,
        Vec<Value>: ToSql<Array<Type>, Pg>,
    {
        let values: Vec<Value> = rows.iter().map(value).collect();
        self.columns.push(Box::new(Typed { values, kind: PhantomData::<fn() -> Type> }));
        self
    }
}

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.before);
        let mut separator = "";
        for column in &self.columns {
            out.push_sql(separator);
            column.bind(out.reborrow())?;
            separator = ", ";
        }
        out.push_sql(self.after);
        Ok(())
    }
}

/// Statements are cached by their text.
impl QueryId for Statement<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// Rows are read by column name.
impl Query for Statement<'_> {
    type SqlType = Untyped;
}

trait Column {
    fn bind<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

struct Typed<Type, Value> {
    values: Vec<Value>,
    kind: PhantomData<fn() -> Type>,
}

impl<Type: 'static, Value> Column for Typed<Type, Value>
where
    Pg: HasSqlType<Array<Type>>,
    Vec<Value>: ToSql<Array<Type>, Pg>,
{
    fn bind<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<Array<Type>, _>(&self.values)
    }
}
