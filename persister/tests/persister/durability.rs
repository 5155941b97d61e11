use test_support::Database;

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_on_disk_whatever_the_database_is_set_to() {
    let database = Database::create().await;
    let name = "SELECT current_database()::text AS text";
    let name = database.texts(name).await.remove(0);
    database.run(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await;
    let setting = "SELECT current_setting('synchronous_commit') AS text";
    assert_eq!(database.texts(setting).await, ["on"]);
}
