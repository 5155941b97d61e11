//! Hostile inputs for property tests: arbitrary bytes, and valid values with changes.

use std::{
    env,
    panic::PanicHookInfo,
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering},
    },
};

use proptest::{
    collection::vec,
    option::weighted,
    prelude::*,
    sample::{Index, select},
    test_runner::{RngSeed, TestCaseResult, TestRunner},
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// The number of cases without `PROPTEST_CASES`: each run repeats the same ones, and other seeds find
/// more than more cases.
const CASES: u32 = 64;

/// A configuration with a fixed seed. `PROPTEST_RNG_SEED` overrides the seed, `PROPTEST_CASES` the
/// number of cases.
pub fn same_cases() -> ProptestConfig {
    let mut default = ProptestConfig::default();
    if env::var_os("PROPTEST_CASES").is_none() {
        default.cases = CASES;
    }
    let rng_seed = match default.rng_seed {
        RngSeed::Random => RngSeed::Fixed(0),
        seed @ RngSeed::Fixed(_) => seed,
    };
    let max_shrink_time = 60_000;
    ProptestConfig { rng_seed, max_shrink_time, failure_persistence: None, ..default }
}

/// Checks `property` for `cases` of `inputs`, and that nothing panics in this process meanwhile.
/// `PROPTEST_CASES` scales the number of cases; its default of 64 means `cases`.
///
/// # Panics
/// When the property does not hold, with the smallest failing case.
pub fn always<Inputs: Strategy>(
    runtime: &Runtime,
    cases: u32,
    inputs: &Inputs,
    property: impl AsyncFn(Inputs::Value) -> TestCaseResult,
) {
    let config = same_cases();
    let config = ProptestConfig { cases: (config.cases * cases).div_ceil(CASES), ..config };
    let result = TestRunner::new(config).run(inputs, |input| {
        let before = panics();
        runtime.block_on(property(input))?;
        prop_assert_eq!(panics(), before, "something panicked");
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

/// The number of panics in this process since the first call, without those of lapin's connections
/// of other tests whose runtime has ended.
fn panics() -> usize {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        let default_hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !is_end_of_a_runtime(panic) {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            default_hook(panic);
        }));
    });
    PANICS.load(Ordering::SeqCst)
}

/// Whether lapin's thread panicked because the runtime of its connection ended with a test ("Task
/// did not complete: task 7 was cancelled").
fn is_end_of_a_runtime(panic: &PanicHookInfo<'_>) -> bool {
    let is_lapin = std::thread::current().name() == Some("lapin-io-loop");
    let message = panic.payload_as_str().unwrap_or_default();
    is_lapin && message.starts_with("Task did not complete") && message.ends_with("was cancelled")
}

/// Arbitrary bytes, up to 5,000.
pub fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => vec(any::<u8>(), 0..100), 1 => vec(any::<u8>(), 0..5_000)]
}

/// One of `valid`, with values replaced, removed or renamed, and sometimes with other bytes.
pub fn nearly(valid: Vec<Value>) -> impl Strategy<Value = Vec<u8>> {
    let changes = vec((any::<Index>(), change()), 0..4);
    let damage = weighted(0.2, (any::<Index>(), vec(any::<u8>(), 0..4)));
    (select(valid), changes, damage).prop_map(|(mut value, changes, damage)| {
        for (place, change) in changes {
            apply(&mut value, place, change);
        }
        let mut bytes = value.to_string().into_bytes();
        if let Some((place, damage)) = damage {
            let at = place.index(bytes.len());
            let end = (at + damage.len()).min(bytes.len());
            bytes.splice(at..end, damage);
        }
        bytes
    })
}

#[derive(Clone, Debug)]
enum Change {
    Replace(Value),
    Remove,
    Rename(String),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => any_json().prop_map(Change::Replace),
        1 => Just(Change::Remove),
        1 => any::<String>().prop_map(Change::Rename),
    ]
}

fn apply(value: &mut Value, place: Index, change: Change) {
    let mut pointers = Vec::new();
    list(value, String::new(), &mut pointers);
    let pointer = place.get(&pointers);
    if let Change::Replace(other) = change {
        *value.pointer_mut(pointer).unwrap() = other;
        return;
    }
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    match value.pointer_mut(parent).unwrap() {
        Value::Object(fields) => {
            let removed = fields.remove(&name.replace("~1", "/").replace("~0", "~")).unwrap();
            if let Change::Rename(other) = change {
                fields.insert(other, removed);
            }
        }
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        other => panic!("{other} has no children"),
    }
}

/// Lists the JSON pointers of `value`, which is at `pointer`, and of its descendants.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6901>.
fn list(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                list(field, format!("{pointer}/{name}"), pointers);
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                list(item, format!("{pointer}/{position}"), pointers);
            }
        }
        _ => {}
    }
    pointers.push(pointer);
}

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        4 => select(odd_values()),
        2 => any::<String>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 20, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((any::<String>(), inner), 0..5).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// Values at and beyond the limits of fields.
fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(f64::MAX),
        json!([]),
        json!({}),
        json!(""),
        json!(" \n"),
        json!("\0"),
        json!("a\0b"),
        json!("\u{202e}\u{feff}"),
        json!("a".repeat(129)),
        json!("\"".repeat(4_000)),
        json!("😀".repeat(4_001)),
        json!("00000000-0000-0000-0000-000000000000"),
        json!("019aa6c4-3a33-7c5e-9d3c-3f6a3d1f2b10"),
        json!("1970-01-01T00:00:00Z"),
        json!("0000-01-01T00:00:00Z"),
        json!("9999-12-31T23:59:59.999999999Z"),
        json!("2016-12-31T23:59:60Z"),
        json!("+262142-12-31T23:59:59Z"),
        json!("-262143-01-01T00:00:00Z"),
        json!("2026-01-01T00:00:00+23:59"),
        json!("staff"),
        json!("resolved"),
        json!("18446744073709551616.18446744073709551616"),
    ]
}
