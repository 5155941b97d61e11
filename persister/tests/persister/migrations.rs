use test_support::Database;

#[tokio::test(flavor = "multi_thread")]
async fn migrating_beside_others_is_done_once() {
    let database = Database::empty().await;
    let (one, other) = (database.settings(), database.settings());
    let one = tokio::spawn(async move { database::migrate(&one).await.unwrap() });
    let other = tokio::spawn(async move { database::migrate(&other).await.unwrap() });
    let applied = one.await.unwrap().len() + other.await.unwrap().len();
    let recorded = database.number("SELECT count(*) FROM __diesel_schema_migrations").await;
    assert_eq!(i64::try_from(applied).unwrap(), recorded);
    assert!(database::migrate(&database.settings()).await.unwrap().is_empty());
}
