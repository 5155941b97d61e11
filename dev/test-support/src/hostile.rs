//! What nobody means to send: any bytes, and what is nearly good.

use std::{
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

/// The same cases each time, unless `PROPTEST_RNG_SEED` asks for others; `PROPTEST_CASES` asks for
/// more.
pub fn same_cases() -> ProptestConfig {
    let asked_for = ProptestConfig::default();
    let rng_seed = match asked_for.rng_seed {
        RngSeed::Random => RngSeed::Fixed(0),
        seed @ RngSeed::Fixed(_) => seed,
    };
    let max_shrink_time = 60_000;
    ProptestConfig { rng_seed, max_shrink_time, failure_persistence: None, ..asked_for }
}

/// Sees that `property` holds of `cases` of `inputs`, or of as many times more as `PROPTEST_CASES` asks
/// for more than its usual 256, and that nothing panics meanwhile in this process.
///
/// # Panics
/// When it does not hold, with the smallest case that was found.
pub fn always<Inputs: Strategy>(
    runtime: &Runtime,
    cases: u32,
    inputs: &Inputs,
    property: impl AsyncFn(Inputs::Value) -> TestCaseResult,
) {
    let config = same_cases();
    let config = ProptestConfig { cases: (config.cases * cases).div_ceil(256), ..config };
    let held = TestRunner::new(config).run(inputs, |input| {
        let before = panics();
        runtime.block_on(property(input))?;
        prop_assert_eq!(panics(), before, "something panicked");
        Ok(())
    });
    held.unwrap_or_else(|failure| panic!("{failure}"));
}

/// How often something has panicked in this process since this was first asked, but for connections to
/// RabbitMQ of other tests, whose runtime has ended.
fn panics() -> usize {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        let tell = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !is_end_of_a_runtime(panic) {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            tell(panic);
        }));
    });
    PANICS.load(Ordering::SeqCst)
}

/// Whether lapin's thread found that the runtime of its connection is gone, as happens at the end of a test:
/// it panics then ("Task did not complete: task 7 was cancelled").
fn is_end_of_a_runtime(panic: &PanicHookInfo<'_>) -> bool {
    let is_lapin = std::thread::current().name() == Some("lapin-io-loop");
    let message = panic.payload_as_str().unwrap_or_default();
    is_lapin && message.starts_with("Task did not complete") && message.ends_with("was cancelled")
}

/// Any bytes: a few, or some thousand.
pub fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => vec(any::<u8>(), 0..100), 1 => vec(any::<u8>(), 0..5_000)]
}

/// One of `good`, in which values are changed, lost or called otherwise, and sometimes bytes as well.
pub fn nearly(good: Vec<Value>) -> impl Strategy<Value = Vec<u8>> {
    let changes = vec((any::<Index>(), change()), 0..4);
    let damage = weighted(0.2, (any::<Index>(), vec(any::<u8>(), 0..4)));
    (select(good), changes, damage).prop_map(|(mut value, changes, damage)| {
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
    Becomes(Value),
    Goes,
    IsCalled(String),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => any_json().prop_map(Change::Becomes),
        1 => Just(Change::Goes),
        1 => any::<String>().prop_map(Change::IsCalled),
    ]
}

fn apply(value: &mut Value, place: Index, change: Change) {
    let mut places = Vec::new();
    list(value, String::new(), &mut places);
    let place = place.get(&places);
    if let Change::Becomes(other) = change {
        *value.pointer_mut(place).unwrap() = other;
        return;
    }
    let Some((within, name)) = place.rsplit_once('/') else { return };
    match value.pointer_mut(within).unwrap() {
        Value::Object(fields) => {
            let gone = fields.remove(&name.replace("~1", "/").replace("~0", "~")).unwrap();
            if let Change::IsCalled(other) = change {
                fields.insert(other, gone);
            }
        }
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        other => panic!("{other} holds nothing"),
    }
}

/// Lists the place of `value`, which is `place`, and of all that is in it.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6901>.
fn list(value: &Value, place: String, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                list(field, format!("{place}/{name}"), places);
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                list(item, format!("{place}/{position}"), places);
            }
        }
        _ => {}
    }
    places.push(place);
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

/// Values at the edges of what something takes.
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
