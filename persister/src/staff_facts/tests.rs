use chat::{
    Assignee, AssignmentReason, Message, PlayerId, Priority, SenderId, SenderType, SessionAction,
    SessionChange, SessionState, StaffFacts, Tag, Team,
};
use chrono::DateTime;
use proptest::{collection::vec, option, prelude::*, sample::select};
use uuid::Uuid;

use super::{Input, RepliesClaim, SessionChangeLog, fold};
use crate::timeline::{Session, Timeline};

fn player() -> PlayerId {
    "p1".to_owned().try_into().unwrap()
}

fn id(name: &str) -> SenderId {
    name.to_owned().try_into().unwrap()
}

fn team(name: &str) -> Team {
    name.to_owned().try_into().unwrap()
}

fn tag(name: &str) -> Tag {
    name.to_owned().try_into().unwrap()
}

fn assignee(name: &str) -> Assignee {
    Assignee { id: id(name), name: None, reason: AssignmentReason::Manual }
}

fn change(what: SessionAction, seconds: i64) -> SessionChange {
    SessionChange {
        change_id: Uuid::now_v7(),
        player_id: player(),
        session_id: None,
        what,
        by: Some(id(&format!("author-{seconds}"))),
        by_name: None,
        accepted_at: DateTime::from_timestamp(seconds, 0).unwrap(),
        traceparent: None,
    }
}

/// A session that a message opened at 0.
fn opened() -> Vec<Session> {
    let mut timeline = Timeline::new(player(), None, []);
    let message = Message {
        message_id: Uuid::now_v7(),
        player_id: player(),
        player_name: None,
        sender_type: SenderType::Player,
        sender_id: None,
        sender_name: None,
        content: "hello".to_owned().try_into().unwrap(),
        accepted_at: DateTime::from_timestamp(0, 0).unwrap(),
        socket_id: None,
        attachments: Vec::new(),
        intake: None,
        traceparent: None,
    };
    timeline.place(&message, 1);
    timeline.finalize().sessions
}

fn stored(state: SessionState) -> Vec<Session> {
    let mut timeline = Timeline::new(player(), None, []);
    timeline.add(state);
    timeline.finalize().sessions
}

/// Applies the changes in one batch.
fn together(changes: &[SessionChange]) -> SessionState {
    let mut sessions = opened();
    let mut log = SessionChangeLog::new(RepliesClaim::No, None);
    log.new.extend(changes.iter().map(Input::of_event));
    log.apply(&mut sessions);
    sessions.remove(0).state
}

/// Applies each change in a batch of its own. What is stored is read only if it is needed.
fn one_by_one(changes: &[SessionChange]) -> SessionState {
    let mut state = together(&[]);
    for (index, change) in changes.iter().enumerate() {
        let rows = &changes[..index];
        let mut sessions = stored(state);
        let mut log = SessionChangeLog::new(
            RepliesClaim::No,
            rows.iter().map(|stored| stored.accepted_at).max(),
        );
        log.new.push(Input::of_event(change));
        if log.needs_since(&sessions).is_some() {
            log.add_stored(rows.to_vec(), []);
        }
        log.apply(&mut sessions);
        state = sessions.remove(0).state;
    }
    state
}

fn changes() -> impl Strategy<Value = Vec<SessionChange>> {
    let members = || select(&["ada", "bo"]);
    let teams = || select(&["payments", "appeals"]);
    let what = prop_oneof![
        members().prop_map(|to| SessionAction::Claim(assignee(to))),
        members().prop_map(|to| SessionAction::Assign(assignee(to))),
        (option::of(teams()), option::of(members())).prop_map(|(to, from)| {
            SessionAction::Release { team: to.map(team), from: from.map(id) }
        }),
        teams().prop_map(|to| SessionAction::Route(team(to))),
        (select(&["refund", "vip"]), any::<bool>()).prop_map(|(name, add)| {
            let (add, remove) =
                if add { (vec![tag(name)], vec![]) } else { (vec![], vec![tag(name)]) };
            SessionAction::Tags { add, remove }
        }),
        select(&Priority::ALL).prop_map(SessionAction::Priority),
    ];
    vec((what, 0..10_i64).prop_map(|(what, seconds)| change(what, seconds)), 0..12)
}

proptest! {
    #[test]
    fn the_facts_do_not_depend_on_the_order_and_the_batches_of_changes(
        (changes, arriving) in changes().prop_flat_map(|changes| {
            (Just(changes.clone()), Just(changes).prop_shuffle())
        })
    ) {
        let (expected, actual) = (together(&changes), one_by_one(&arriving));
        prop_assert_eq!(&expected.staff, &actual.staff);
        prop_assert_eq!(expected.status, actual.status);
        prop_assert_eq!(&together(&arriving).staff, &expected.staff);
    }
}

#[test]
fn a_member_who_is_assigned_again_has_the_session_since_the_first_time() {
    let mut facts = StaffFacts::default();
    for (name, at) in [("ada", 1), ("bo", 2), ("bo", 3)] {
        fold::apply(&mut facts, &change(SessionAction::Assign(assignee(name)), at));
    }
    assert_eq!(facts.assigned_at, DateTime::from_timestamp(2, 0));
}

#[test]
fn the_actor_is_the_author_of_the_last_change_of_the_assignee() {
    let mut facts = StaffFacts::default();
    let route = SessionAction::Route(team("payments"));
    for (what, at) in [(SessionAction::Assign(assignee("ada")), 1), (route, 2)] {
        fold::apply(&mut facts, &change(what, at));
    }
    assert_eq!(facts.actor_id, Some(id("author-1")));
    fold::apply(&mut facts, &change(SessionAction::Release { team: None, from: None }, 3));
    assert_eq!(facts.actor_id, Some(id("author-3")));
}

#[test]
fn tags_beyond_the_limit_have_no_effect() {
    let tags = |numbers: std::ops::Range<usize>| {
        numbers.map(|number| tag(&format!("tag-{number:02}"))).collect::<Vec<_>>()
    };
    let mut facts = StaffFacts::default();
    let add = |add| SessionAction::Tags { add, remove: Vec::new() };
    assert!(fold::apply(&mut facts, &change(add(tags(0..25)), 1)));
    assert_eq!(facts.tags, tags(0..Tag::MAX_OF_SESSION));
    assert!(!fold::apply(&mut facts, &change(add(tags(24..25)), 2)));
}
