/// The address of the PostgreSQL on which each test makes its own database.
pub(crate) fn database_url() -> String {
    given("TEST_DATABASE_URL")
}

/// The address of the RabbitMQ on which each test has its own queues.
pub(crate) fn amqp_url() -> String {
    given("TEST_AMQP_URL")
}

fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: the tests need PostgreSQL and RabbitMQ; run them by `make test`")
    })
}
