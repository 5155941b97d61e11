use clap::{Args, Parser};

#[derive(Parser)]
struct Parsed<S: Args> {
    #[command(flatten)]
    settings: S,
}

/// Parses settings from command-line arguments.
pub fn settings<S: Args>(arguments: impl IntoIterator<Item = impl Into<String>>) -> S {
    let arguments = std::iter::once("test".to_owned()).chain(arguments.into_iter().map(Into::into));
    Parsed::<S>::try_parse_from(arguments).unwrap_or_else(|error| panic!("{error}")).settings
}
