//! The commands in the pages for operators.

/// The tools of deploy/operator.sh.
const TOOLS: [&str; 7] = ["ready", "queues", "metrics", "logs", "sql", "rabbitmqctl", "smoke"];

/// The services, whose names are commands with a further word.
const SERVICES: [&str; 3] = ["gateway", "persister", "broadcaster"];

const OPERATIONS: &str = include_str!("../../../../docs/operations.md");
const DEAD_LETTERS: &str = include_str!("../../../../docs/operations/dead-letters.md");

/// The commands of the runbook of an alert.
#[derive(Debug, PartialEq, Eq)]
pub struct Runbook {
    /// To find the cause.
    pub check: Vec<String>,
    /// To see that it is resolved.
    pub resolved: Vec<String>,
}

impl Runbook {
    /// The runbook of `alert`.
    pub fn of(alert: &str) -> Self {
        Self::parse(section(OPERATIONS, &words(alert)))
    }

    fn parse(text: &str) -> Self {
        let part = |from: &str, to: &[&str]| {
            let Some((_, part)) = text.split_once(from) else { return Vec::new() };
            let ends = to.iter().filter_map(|end| part.find(end));
            commands(&part[..ends.min().unwrap_or(part.len())])
        };
        Self {
            check: part("**Check**", &["**Do**", "**Resolved**"]),
            resolved: part("**Resolved**", &[]),
        }
    }
}

/// The line that begins with `start` in a block of commands of docs/operations.md.
pub fn operations_line(start: &str) -> String {
    line(OPERATIONS, start)
}

/// The block of commands in docs/operations.md that begins with `start`.
pub fn operations_block(start: &str) -> String {
    let block = commands(OPERATIONS).into_iter().find(|block| block.starts_with(start));
    block.unwrap_or_else(|| panic!("the page has no block `{start}`"))
}

/// The line that begins with `start` in a block of commands of the page about dead letters.
pub fn dead_letters_line(start: &str) -> String {
    line(DEAD_LETTERS, start)
}

fn line(page: &str, start: &str) -> String {
    let blocks = commands(page);
    let mut lines = blocks.iter().flat_map(|block| block.lines());
    let line = lines.find(|line| line.starts_with(start));
    line.unwrap_or_else(|| panic!("the page has no command `{start}`")).to_owned()
}

/// The heading of `BrokerBlocked` is "Broker blocked".
fn words(alert: &str) -> String {
    let mut words = String::new();
    for letter in alert.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
            words.extend(letter.to_lowercase());
        } else {
            words.push(letter);
        }
    }
    words
}

/// The text below `heading`.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let text = page.split_once(&format!("\n### {heading}\n"));
    let (_, text) = text.unwrap_or_else(|| panic!("the page has no heading `{heading}`"));
    text.split("\n##").next().unwrap()
}

/// The blocks of shell commands, and the commands within sentences.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for (number, part) in text.split("```").enumerate() {
        if number % 2 == 0 {
            let spans = part.split('`').skip(1).step_by(2);
            let spans = spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "));
            commands.extend(spans.filter(|span| is_command(span)));
        } else if let Some(block) = part.strip_prefix("sh\n") {
            commands.push(block.trim().to_owned());
        }
    }
    commands
}

fn is_command(span: &str) -> bool {
    let mut words = span.split(' ');
    let tool = words.next().unwrap_or_default();
    TOOLS.contains(&tool) || (SERVICES.contains(&tool) && words.next().is_some())
}

#[test]
fn commands_of_a_runbook_are_those_of_its_check_and_of_its_resolution() {
    let text = "`Alert`: a `queue`.\n\n**Check**: `ready`, and\n`logs gateway |\ngrep outage`, then:\n\n\
        ```sh\nsql --command=\"SELECT 1\nFROM x\"\n```\n\n**Do**: `rabbitmqctl purge_queue a`, `persister`.\n\n\
        **Resolved** when `queues` falls.\n";
    let sql = "sql --command=\"SELECT 1\nFROM x\"";
    let check = ["ready", "logs gateway | grep outage", sql].map(ToOwned::to_owned).to_vec();
    assert_eq!(Runbook::parse(text), Runbook { check, resolved: vec!["queues".to_owned()] });
    assert_eq!(words("QueueWithoutConsumer"), "Queue without consumer");
}
