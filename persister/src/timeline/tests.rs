use chat::SessionStatus;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn player() -> PlayerId {
    "p1".to_owned().try_into().unwrap()
}

fn message(seconds: i64, sender_type: SenderType) -> Message {
    Message {
        message_id: Uuid::now_v7(),
        player_id: player(),
        player_name: None,
        sender_type,
        sender_id: None,
        sender_name: None,
        content: "hello".to_owned().try_into().unwrap(),
        accepted_at: at(seconds),
        socket_id: None,
        attachments: Vec::new(),
        intake: None,
        traceparent: None,
    }
}

fn named(seconds: i64, sender_type: SenderType, name: &str) -> Message {
    let player_name = Some(name.to_owned().try_into().unwrap());
    Message { player_name, ..message(seconds, sender_type) }
}

fn change(status: RequestedStatus, seconds: i64) -> StatusChange {
    StatusChange {
        change_id: Uuid::now_v7(),
        player_id: player(),
        status,
        accepted_at: at(seconds),
        session_id: None,
        last_seq: None,
        actor_id: None,
        actor_name: None,
        traceparent: None,
    }
}

fn resolution(seconds: i64) -> StatusChange {
    change(RequestedStatus::Resolved, seconds)
}

fn timeline(changes: &[StatusChange]) -> Timeline {
    Timeline::new(player(), None, changes.iter().cloned())
}

fn finalized(timeline: &Timeline) -> Vec<SessionState> {
    timeline.clone().finalize().sessions.into_iter().map(|session| session.state).collect()
}

fn statuses(timeline: &Timeline) -> Vec<SessionStatus> {
    finalized(timeline).iter().map(|session| session.status).collect()
}

/// The timeline after it was stored and read again, with all messages of its sessions and the
/// effective `changes`.
fn stored_again(timeline: &Timeline, changes: &[StatusChange]) -> Timeline {
    let mut again = self::timeline(changes);
    for session in timeline.clone().finalize().sessions {
        let (id, messages) = (session.state.id, session.messages);
        again.add(session.state);
        again.add_messages(id, messages);
    }
    again
}

/// A timeline that keeps the messages of its batch, since the batch has changes.
fn keeping_messages() -> Timeline {
    let mut timeline = timeline(&[]);
    timeline.expect_changes();
    timeline
}

#[test]
fn a_first_message_opens_a_pending_session_and_staff_makes_it_active() {
    let mut timeline = timeline(&[]);
    let session = timeline.place(&message(1, SenderType::Player), 1);
    assert_eq!(statuses(&timeline), [SessionStatus::Pending]);
    assert_eq!(timeline.place(&message(2, SenderType::Staff), 2), session);
    assert_eq!(statuses(&timeline), [SessionStatus::Active]);
}

#[test]
fn a_message_accepted_before_the_resolution_belongs_to_the_resolved_session() {
    let mut timeline = timeline(&[resolution(5)]);
    let later = timeline.place(&message(6, SenderType::Player), 1);
    let earlier = timeline.place(&message(5, SenderType::Player), 2);
    assert_ne!(earlier, later);
    let sessions = finalized(&timeline);
    assert_eq!((sessions[0].id, sessions[0].resolved_at), (earlier, Some(at(5))));
    assert_eq!((sessions[1].id, sessions[1].status), (later, SessionStatus::Pending));
}

#[test]
fn a_late_resolution_moves_the_players_later_messages_to_the_next_session() {
    let mut before = keeping_messages();
    before.place(&message(1, SenderType::Player), 1);
    before.place(&message(7, SenderType::Staff), 2);
    let last = message(9, SenderType::Player);
    before.place(&last, 3);
    let stored = finalized(&before).remove(0);

    let mut after = stored_again(&before, &[]);
    let late = resolution(5);
    let new = NewEvents { messages: &[], changes: &[&late], last_message_at: Some(at(9)) };
    assert_eq!(after.needs(new), [(stored.id, at(1), Need::All)]);
    after.apply(late, false);
    let sessions = finalized(&after);
    assert_eq!(sessions[0].id, stored.id);
    assert_eq!((sessions[0].last_message_at, sessions[0].resolved_at), (at(1), Some(at(5))));
    assert_eq!(sessions[1].status, SessionStatus::Pending);
    assert_eq!((sessions[1].opened_at, sessions[1].resolved_at), (at(9), None));
    let moves = after.finalize().moves;
    assert_eq!(moves.into_iter().collect::<Vec<_>>(), [(last.message_id, sessions[1].id)]);
}

#[test]
fn a_change_to_active_affects_only_a_session_that_was_open_when_it_was_accepted() {
    let mut timeline = timeline(&[change(RequestedStatus::Active, 1)]);
    timeline.place(&message(2, SenderType::Player), 1);
    assert_eq!(statuses(&timeline), [SessionStatus::Pending]);
    timeline.place(&message(1, SenderType::Player), 2);
    assert_eq!(statuses(&timeline), [SessionStatus::Active]);
}

#[test]
fn a_session_is_announced_when_it_is_opened_assigned_or_resolved_and_not_for_a_message() {
    let mut first = timeline(&[]);
    first.place(&message(1, SenderType::Player), 1);
    let opened = first.finalize().sessions.remove(0);
    assert!(opened.is_update());

    let mut second = timeline(&[]);
    second.add(opened.state.clone());
    second.place(&message(2, SenderType::Player), 2);
    let grown = second.finalize().sessions.remove(0);
    assert!(!grown.is_changed() && !grown.is_update());
    assert_eq!(grown.state.version, opened.state.version);

    let mut third = timeline(&[]);
    third.add(grown.state);
    third.apply(resolution(3), false);
    let resolved = third.finalize().sessions.remove(0);
    assert!(resolved.is_update());

    let mut fourth = timeline(&[resolution(5)]);
    fourth.add(SessionState { resolved_at: Some(at(5)), ..resolved.state });
    fourth.place(&message(4, SenderType::Player), 3);
    let grown = fourth.finalize().sessions.remove(0);
    assert!(grown.is_changed() && !grown.is_update());
}

#[test]
fn an_assignment_to_another_member_of_the_staff_is_announced_with_their_name() {
    let mut timeline = timeline(&[]);
    timeline.place(&message(1, SenderType::Player), 1);
    let assigned_to = |name: &str, seconds| StatusChange {
        actor_name: Some(name.to_owned().try_into().unwrap()),
        ..change(RequestedStatus::Active, seconds)
    };
    timeline.apply(assigned_to("Ada", 2), false);
    let mut again = self::timeline(&[]);
    again.add(finalized(&timeline).remove(0));
    again.apply(assigned_to("Bo", 3), false);
    let session = again.finalize().sessions.remove(0);
    assert_eq!(session.state.staff.actor_name.as_ref().unwrap().as_str(), "Bo");
    assert!(session.is_update());
}

#[test]
fn a_late_message_does_not_restore_an_old_name() {
    let mut timeline = timeline(&[]);
    timeline.place(&named(2, SenderType::Player, "new"), 1);
    timeline.place(&named(1, SenderType::Player, "old"), 2);
    assert_eq!(finalized(&timeline)[0].player_name.as_ref().unwrap().as_str(), "new");
}

#[test]
fn a_staff_message_does_not_set_the_players_name() {
    let mut timeline = timeline(&[]);
    timeline.place(&named(1, SenderType::Staff, "A name"), 1);
    assert_eq!(finalized(&timeline)[0].player_name, None);
    timeline.place(&named(2, SenderType::Player, "Ada"), 2);
    timeline.place(&named(3, SenderType::Staff, "Old Ada"), 3);
    assert_eq!(finalized(&timeline)[0].player_name.as_ref().unwrap().as_str(), "Ada");
}

#[test]
fn a_staff_message_after_a_resolution_leaves_the_session_resolved() {
    let mut timeline = timeline(&[resolution(5)]);
    let session = timeline.place(&message(1, SenderType::Player), 1);
    assert_eq!(timeline.place(&message(6, SenderType::Staff), 2), session);
    let sessions = finalized(&timeline);
    assert_eq!(sessions.len(), 1);
    assert_eq!((sessions[0].status, sessions[0].last_message_at), (SessionStatus::Resolved, at(1)));
}

#[test]
fn a_staff_message_after_a_resolution_does_not_answer_the_next_session() {
    let mut timeline = timeline(&[resolution(5)]);
    timeline.place(&message(1, SenderType::Player), 1);
    timeline.place(&message(6, SenderType::Staff), 2);
    timeline.place(&message(7, SenderType::Player), 3);
    assert_eq!(statuses(&timeline), [SessionStatus::Resolved, SessionStatus::Pending]);
}

#[test]
fn a_late_message_that_opens_a_session_takes_staffs_later_messages_into_it() {
    let mut before = timeline(&[resolution(5)]);
    before.place(&message(1, SenderType::Player), 1);
    let [farewell, answer] = [6, 8].map(|seconds| message(seconds, SenderType::Staff));
    before.place(&farewell, 2);
    before.place(&answer, 3);
    let stored = finalized(&before).remove(0);

    let mut after = stored_again(&before, &[resolution(5)]);
    let late = message(7, SenderType::Player);
    let new = NewEvents { messages: &[&late], changes: &[], last_message_at: Some(at(8)) };
    assert_eq!(after.needs(new), [(stored.id, at(5), Need::AfterResolution)]);
    let opened = after.place(&late, 4);
    assert_eq!(statuses(&after), [SessionStatus::Resolved, SessionStatus::Active]);
    let moves: Vec<_> = after.finalize().moves.into_iter().collect();
    assert_eq!(moves, [(answer.message_id, opened)]);
}

#[test]
fn a_late_message_and_a_late_resolution_together_take_staffs_later_messages() {
    let mut before = timeline(&[resolution(5)]);
    before.place(&message(1, SenderType::Player), 1);
    let answer = message(8, SenderType::Staff);
    before.place(&answer, 2);
    let mut after = stored_again(&before, &[resolution(5)]);
    let (late, change) = (message(3, SenderType::Player), resolution(2));
    let new = NewEvents { messages: &[&late], changes: &[&change], last_message_at: Some(at(8)) };
    assert_eq!(after.needs(new).len(), 1);
    after.apply(change, false);
    let opened = after.place(&late, 3);
    assert_eq!(statuses(&after), [SessionStatus::Resolved; 2]);
    assert_eq!(after.finalize().moves.get(&answer.message_id), Some(&opened));
}

#[test]
fn the_latest_message_needs_no_messages_of_the_preceding_session() {
    let mut timeline = timeline(&[]);
    let over = SessionState {
        status: SessionStatus::Resolved,
        resolved_at: Some(at(5)),
        ..Session::opened(&player(), None, at(1)).state
    };
    timeline.add(over);
    let next = message(7, SenderType::Player);
    let new = NewEvents { messages: &[&next], changes: &[], last_message_at: Some(at(6)) };
    assert_eq!(timeline.needs(new), []);
}

#[test]
fn a_session_that_staff_began_keeps_its_id_when_an_earlier_message_arrives() {
    let mut before = timeline(&[resolution(3)]);
    let greeting = message(5, SenderType::Staff);
    let session = before.place(&greeting, 1);
    let mut after = stored_again(&before, &[resolution(3)]);
    let first = message(1, SenderType::Player);
    let new = NewEvents { messages: &[&first], changes: &[], last_message_at: Some(at(5)) };
    assert_eq!(after.needs(new), [(session, at(5), Need::All)]);
    assert_eq!(after.place(&first, 2), session);
    let sessions = finalized(&after);
    assert_eq!(sessions.len(), 1);
    assert_eq!((sessions[0].opened_at, sessions[0].resolved_at), (at(1), Some(at(3))));
}

/// A stored conversation with an open session: the player's messages at 1 and 4.
fn open_session() -> (Timeline, Uuid) {
    let mut timeline = keeping_messages();
    timeline.place(&message(1, SenderType::Player), 1);
    let session = timeline.place(&message(4, SenderType::Player), 2);
    (stored_again(&timeline, &[]), session)
}

#[test]
fn a_resolution_of_another_session_has_no_effect() {
    let (mut timeline, _) = open_session();
    let stale = StatusChange { session_id: Some(Uuid::now_v7()), ..resolution(5) };
    timeline.apply(stale.clone(), false);
    assert_eq!(statuses(&timeline), [SessionStatus::Pending]);
    let ineffective = Ineffective { change_id: stale.change_id, session_id: stale.session_id };
    assert_eq!(timeline.finalize().ineffective, [ineffective]);
}

#[test]
fn a_resolution_ends_the_session_only_if_its_author_saw_all_messages() {
    for (last_seq, expected) in [(2, SessionStatus::Resolved), (1, SessionStatus::Pending)] {
        let (mut timeline, session) = open_session();
        let session_id = Some(session);
        timeline
            .apply(StatusChange { session_id, last_seq: Some(last_seq), ..resolution(5) }, false);
        assert_eq!(statuses(&timeline), [expected], "last_seq {last_seq}");
    }
    let (mut timeline, session) = open_session();
    let seen = StatusChange { session_id: Some(session), last_seq: Some(2), ..resolution(5) };
    timeline.apply(seen, true);
    assert_eq!(statuses(&timeline), [SessionStatus::Pending], "the database has an unseen message");
}

#[test]
fn a_second_resolution_of_a_session_has_no_effect_on_the_next_session() {
    let (mut timeline, session) = open_session();
    let of_session = |seconds| StatusChange { session_id: Some(session), ..resolution(seconds) };
    timeline.apply(of_session(5), false);
    timeline.expect_changes();
    timeline.place(&message(6, SenderType::Player), 3);
    timeline.apply(of_session(7), false);
    assert_eq!(statuses(&timeline), [SessionStatus::Resolved, SessionStatus::Pending]);
}

#[test]
fn a_named_change_has_no_effect_where_no_session_is_open() {
    let mut timeline = timeline(&[]);
    let activation = change(RequestedStatus::Active, 5);
    timeline.apply(StatusChange { last_seq: Some(9), ..activation }, false);
    assert_eq!(timeline.finalize().ineffective.len(), 1);
}

#[test]
fn a_late_message_that_the_author_had_not_seen_reopens_the_latest_session() {
    let (mut timeline, session) = open_session();
    let seen = StatusChange { session_id: Some(session), last_seq: Some(2), ..resolution(5) };
    timeline.apply(seen.clone(), false);
    let mut after = stored_again(&timeline, std::slice::from_ref(&seen));
    let late = message(3, SenderType::Player);
    let new = NewEvents { messages: &[&late], changes: &[], last_message_at: Some(at(4)) };
    assert_eq!(after.needs(new), [(session, at(1), Need::All)]);
    assert_eq!(after.place(&late, 3), session);
    assert_eq!(statuses(&after), [SessionStatus::Pending]);
    let lost = Ineffective { change_id: seen.change_id, session_id: Some(session) };
    assert_eq!(after.finalize().ineffective, [lost]);
}

#[test]
fn a_late_message_joins_a_resolved_session_that_has_a_successor() {
    let (mut timeline, session) = open_session();
    let seen = StatusChange { session_id: Some(session), last_seq: Some(2), ..resolution(5) };
    timeline.apply(seen, false);
    timeline.place(&message(6, SenderType::Player), 3);
    assert_eq!(timeline.place(&message(3, SenderType::Player), 4), session);
    assert_eq!(statuses(&timeline), [SessionStatus::Resolved, SessionStatus::Pending]);
}

/// `open_session`, resolved at 5 and stored.
fn resolved_session() -> (Timeline, Uuid, StatusChange) {
    let (mut timeline, session) = open_session();
    let resolution = StatusChange { session_id: Some(session), last_seq: Some(2), ..resolution(5) };
    timeline.apply(resolution.clone(), false);
    (stored_again(&timeline, &[]), session, resolution)
}

fn reopening(session: Uuid, seconds: i64) -> StatusChange {
    StatusChange { session_id: Some(session), ..change(RequestedStatus::Active, seconds) }
}

#[test]
fn a_change_to_active_that_names_the_latest_session_reopens_it() {
    let (mut timeline, session, resolution) = resolved_session();
    let reopening = reopening(session, 9);
    let new = NewEvents { messages: &[], changes: &[&reopening], last_message_at: Some(at(4)) };
    assert_eq!(timeline.needs(new), [(session, at(1), Need::All)]);
    timeline.add_changes([resolution.clone()]);
    timeline.apply(reopening, true);
    assert_eq!(timeline.place(&message(10, SenderType::Player), 3), session);
    let finalized = timeline.finalize();
    let [reopened] = &finalized.sessions[..] else { panic!("{finalized:?}") };
    assert_eq!((reopened.state.status, reopened.state.resolved_at), (SessionStatus::Active, None));
    assert_eq!((reopened.state.opened_at, reopened.state.last_message_at), (at(1), at(10)));
    assert!(reopened.is_update() && !reopened.is_new());
    assert_eq!((finalized.undone, finalized.ineffective), (vec![resolution.change_id], Vec::new()));
}

#[test]
fn a_reopened_session_can_be_resolved_again() {
    let (mut timeline, session, _) = resolved_session();
    timeline.apply(reopening(session, 9), false);
    timeline.apply(StatusChange { session_id: Some(session), ..resolution(10) }, false);
    assert_eq!(finalized(&timeline)[0].resolved_at, Some(at(10)));
}

#[test]
fn a_reopening_undoes_the_resolutions_that_ended_no_session() {
    let (mut timeline, session, stored) = resolved_session();
    timeline.add_changes([stored, resolution(7)]);
    timeline.apply(reopening(session, 9), false);
    timeline.place(&message(6, SenderType::Player), 3);
    assert_eq!(statuses(&timeline), [SessionStatus::Active]);
}

#[test]
fn a_session_is_not_reopened_after_the_player_opened_another_or_before_its_resolution() {
    let (mut timeline, session, _) = resolved_session();
    timeline.place(&message(6, SenderType::Player), 3);
    timeline.apply(reopening(session, 9), false);
    assert_eq!(statuses(&timeline), [SessionStatus::Resolved, SessionStatus::Pending]);
    assert_eq!(timeline.finalize().ineffective.len(), 1);
    let (mut timeline, session, _) = resolved_session();
    timeline.apply(reopening(session, 4), false);
    assert_eq!(statuses(&timeline), [SessionStatus::Resolved]);
}

#[test]
fn a_change_to_active_that_names_no_session_reopens_none() {
    let (mut timeline, _, _) = resolved_session();
    timeline.apply(change(RequestedStatus::Active, 9), false);
    assert_eq!(statuses(&timeline), [SessionStatus::Resolved]);
}

#[test]
fn a_resolution_that_names_only_a_session_does_not_end_the_part_cut_off_from_it() {
    for (last_seq, expected) in [(None, SessionStatus::Pending), (Some(2), SessionStatus::Resolved)]
    {
        let (mut timeline, session) = open_session();
        let named = StatusChange { session_id: Some(session), last_seq, ..resolution(5) };
        timeline.apply(named.clone(), false);
        let mut after = stored_again(&timeline, &[named]);
        after.apply(resolution(2), false);
        assert_eq!(statuses(&after), [SessionStatus::Resolved, expected], "last_seq {last_seq:?}");
    }
}
