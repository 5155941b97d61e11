use std::{fs, path::PathBuf};

use serde_json::json;
use tempfile::TempDir;
use test_support::{RunningService, System, eventually};

use crate::tokens::{Issuer, player};

/// A temporary file.
struct KeyFile {
    path: PathBuf,
    _directory: TempDir,
}

impl KeyFile {
    fn holding(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = Self { path: directory.path().join("keys"), _directory: directory };
        file.change(text);
        file
    }

    /// Replaces the file, as a mounted secret changes.
    fn change(&self, text: &str) {
        let new = self.path.with_extension("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, &self.path).unwrap();
    }

    fn setting(&self, name: &str) -> String {
        format!("--{name}={}", self.path.display())
    }
}

async fn gateway(system: &System, algorithm: &str, keys: &str) -> RunningService {
    let algorithm = format!("--auth-jwt-algorithm={algorithm}");
    system.gateway_with(&["--auth-mode=jwt", &algorithm, keys]).ready().await
}

/// The status of a read of player p1 with `token`.
async fn status(gateway: &RunningService, token: &str) -> u16 {
    gateway.api().with_token(token).conversation("p1", "").await.status
}

fn set<'a>(issuers: impl IntoIterator<Item = (&'a str, &'a Issuer)>) -> String {
    let keys: Vec<_> = issuers.into_iter().map(|(id, issuer)| issuer.jwk(id)).collect();
    json!({ "keys": keys }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_each_algorithm_are_accepted_with_their_public_key() {
    let system = System::new().await;
    let issuers = [Issuer::rsa(), Issuer::ec(), Issuer::ed()];
    for issuer in &issuers {
        let algorithm = issuer.algorithm();
        let pem = KeyFile::holding(&issuer.pem());
        let keys = KeyFile::holding(&set([("k1", issuer)]));
        for setting in [pem.setting("auth-jwt-public-key-file"), keys.setting("auth-jwt-jwks-file")]
        {
            let gateway = gateway(&system, algorithm, &setting).await;
            assert_eq!(status(&gateway, &issuer.token(&player("p1"))).await, 200, "{algorithm}");

            for other in issuers.iter().filter(|other| other.algorithm() != algorithm) {
                assert_eq!(status(&gateway, &other.token(&player("p1"))).await, 401);
            }
            // A forger signs with the public key as if it were a secret.
            let confused = Issuer::Secret(issuer.pem()).token(&player("p1"));
            assert_eq!(status(&gateway, &confused).await, 401, "{algorithm}");
            let claims_to_be = json!({ "alg": algorithm });
            let confused = Issuer::Secret(issuer.pem()).token_with(&claims_to_be, &player("p1"));
            assert_eq!(status(&gateway, &confused).await, 401, "{algorithm}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_both_secrets_are_accepted_during_a_rotation() {
    let system = System::new().await;
    let (first, second) = (Issuer::usual(), "a second secret that is hard to guess too");
    let token = |secret: &str| Issuer::Secret(secret.to_owned()).token(&player("p1"));
    let gateway = system.guarded_gateway(&[&format!("--auth-jwt-second-secret={second}")]).await;
    assert_eq!(status(&gateway, &first.token(&player("p1"))).await, 200);
    assert_eq!(status(&gateway, &token(second)).await, 200);
    assert_eq!(status(&gateway, &token("a third secret that is not configured")).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn key_set_is_reloaded_when_its_file_changes() {
    let system = System::new().await;
    let (old, new) = (Issuer::ed(), Issuer::ed());
    let file = KeyFile::holding(&set([("old", &old)]));
    let gateway = gateway(&system, "EdDSA", &file.setting("auth-jwt-jwks-file")).await;
    let by = |issuer: &Issuer, id: &str| {
        issuer.token_with(&json!({ "alg": "EdDSA", "kid": id }), &player("p1"))
    };
    assert_eq!(status(&gateway, &by(&old, "old")).await, 200);
    assert_eq!(status(&gateway, &by(&new, "new")).await, 401);
    assert_eq!(status(&gateway, &by(&old, "new")).await, 401, "a key goes by its name");

    file.change(&set([("old", &old), ("new", &new)]));
    eventually("the new key is known", async || {
        (status(&gateway, &by(&new, "new")).await == 200).then_some(())
    })
    .await;
    assert_eq!(status(&gateway, &by(&old, "old")).await, 200);
    assert_eq!(status(&gateway, &new.token(&player("p1"))).await, 200, "it may name no key");
    assert_eq!(status(&gateway, &by(&old, "new")).await, 401);

    file.change("half a fi");
    file.change(&set([("new", &new)]));
    eventually("the old key is gone", async || {
        (status(&gateway, &by(&old, "old")).await == 401).then_some(())
    })
    .await;
    assert_eq!(status(&gateway, &by(&new, "new")).await, 200);
}
