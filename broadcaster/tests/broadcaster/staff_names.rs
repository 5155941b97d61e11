//! Whether players learn the name of their session's assignee.

use chat::{SessionState, SessionStatus, StaffFacts, event::Event};
use serde_json::json;
use test_support::body;
use uuid::Uuid;

use crate::support::{system, until_accepted};

#[tokio::test(flavor = "multi_thread")]
async fn a_player_receives_the_assignees_name_only_if_names_are_shown() {
    for (settings, expected) in [(&[][..], None), (&["--staff-names=shown"], Some("Ada"))] {
        let system = system().await;
        let session = SessionState {
            id: Uuid::now_v7(),
            player_id: "p1".to_owned().try_into().unwrap(),
            player_name: None,
            status: SessionStatus::Active,
            opened_at: chat::now(),
            last_message_at: chat::now(),
            resolved_at: None,
            version: 2,
            staff: StaffFacts {
                assignee_id: Some("ada@example.com".to_owned().try_into().unwrap()),
                assignee_name: Some("Ada".to_owned().try_into().unwrap()),
                ..StaffFacts::default()
            },
        };
        system.broker.publish(&body([Event::SessionUpdated(Box::new(session))])).await;
        let broadcaster = system.broadcaster_with(settings).ready().await;
        until_accepted(&system, 2).await;
        for (channel, _, data) in system.pusher.events().await {
            let is_staff = channel == "staff-portal";
            let name = if is_staff { Some("Ada") } else { expected };
            assert_eq!(data["assigneeName"], json!(name), "{channel} {data}");
            let id = is_staff.then_some("ada@example.com");
            assert_eq!(data["assigneeId"], json!(id), "{channel} {data}");
        }
        broadcaster.stop().await;
    }
}
