/// The URL of the PostgreSQL on which each test creates its database.
pub(crate) fn database_url() -> String {
    variable("TEST_DATABASE_URL")
}

/// The URL of the RabbitMQ on which each test has its queues.
pub(crate) fn amqp_url() -> String {
    variable("TEST_AMQP_URL")
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set: this test needs PostgreSQL and RabbitMQ. `make test` runs all tests. For \
             this one, run `cargo build --workspace`, then \
             `target/debug/stack exec --dir .local/test -- cargo test -p CRATE TEST`"
        )
    })
}
