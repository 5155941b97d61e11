use test_support::Database;

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_synchronous_whatever_the_databases_setting() {
    let database = Database::create().await;
    let name = "SELECT current_database()::text AS text";
    let name = database.texts(name).await.remove(0);
    database.run(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await;
    let setting = "SELECT current_setting('synchronous_commit') AS text";
    assert_eq!(database.texts(setting).await, ["on"]);
}
