//! The settings in deploy/kubernetes against the `--help` of the services.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use test_support::program;

/// The names of a service's settings, by its `--help`.
fn known_settings(service: &str) -> BTreeSet<String> {
    let help = program(&[service]).arg("--help").output().unwrap().stdout;
    let help = String::from_utf8(help).unwrap();
    let words: Vec<_> = help.split_whitespace().collect();
    let variables = words.windows(2).filter_map(|pair| match pair {
        ["[env:", name] => Some(name.split(['=', ']']).next()?.to_owned()),
        _ => None,
    });
    let files = words.windows(2).filter_map(|pair| match pair {
        [name, "names"] if name.ends_with("_FILE") => Some((*name).to_owned()),
        _ => None,
    });
    variables.chain(files).collect()
}

/// The files of settings: one for each service, one for both that use Pusher, and one for all.
fn files() -> Vec<PathBuf> {
    let kubernetes = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/kubernetes"));
    ["base", "attachments", "example", "managed-rabbitmq", "managed-postgresql"]
        .into_iter()
        .flat_map(|folder| fs::read_dir(kubernetes.join(folder).join("settings")).unwrap())
        .map(|file| file.unwrap().path())
        .collect()
}

#[test]
fn every_setting_in_the_manifests_exists() {
    let files = files();
    assert!(files.len() > 4, "{files:?}");
    for file in files {
        let settings = fs::read_to_string(&file).unwrap();
        let services = match file.file_stem().and_then(|name| name.to_str()).unwrap() {
            "pusher" => vec!["gateway", "broadcaster"],
            "ca" => vec!["gateway", "persister", "broadcaster"],
            service => vec![service],
        };
        for service in services {
            let known = known_settings(service);
            let given = settings.lines().filter_map(|line| line.split_once('='));
            for (name, _) in given.filter(|(name, _)| !name.starts_with('#')) {
                assert!(known.contains(name), "{}: {service} knows no {name}", file.display());
            }
        }
    }
}
