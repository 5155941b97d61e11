// @generated automatically by Diesel CLI.

diesel::table! {
    chat_archived_messages (player_id, id) {
        id -> Uuid,
        player_id -> Text,
        archived_at -> Timestamptz,
        attachment_ids -> Nullable<Array<Nullable<Uuid>>>,
    }
}

diesel::table! {
    chat_assignments (player_id, id) {
        player_id -> Text,
        id -> Uuid,
        session_id -> Nullable<Uuid>,
        action -> Text,
        assignee_id -> Nullable<Text>,
        assignee_name -> Nullable<Text>,
        team -> Nullable<Text>,
        by_id -> Nullable<Text>,
        by_name -> Nullable<Text>,
        reason -> Text,
        accepted_at -> Timestamptz,
        persisted_at -> Timestamptz,
    }
}

diesel::table! {
    chat_audit (player_id, id) {
        player_id -> Text,
        id -> Uuid,
        action -> Text,
        effective -> Bool,
        actor_id -> Nullable<Text>,
        actor_name -> Nullable<Text>,
        session_id -> Nullable<Uuid>,
        change_id -> Nullable<Uuid>,
        accepted_at -> Timestamptz,
        persisted_at -> Timestamptz,
    }
}

diesel::table! {
    chat_canned_replies (id) {
        id -> Uuid,
        shortcut -> Text,
        title -> Text,
        team -> Nullable<Text>,
        bodies -> Jsonb,
        version -> Int8,
        change_id -> Uuid,
        updated_at -> Timestamptz,
        updated_by -> Nullable<Text>,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    chat_conversations (player_id) {
        player_id -> Text,
        last_seq -> Int8,
        session_id -> Nullable<Uuid>,
        status -> Nullable<Text>,
        last_message_id -> Nullable<Uuid>,
        last_message_at -> Nullable<Timestamptz>,
        erased_through -> Nullable<Timestamptz>,
        archived_through -> Nullable<Timestamptz>,
        unanswered -> Int2,
        waiting_since -> Nullable<Timestamptz>,
        answered_at -> Nullable<Timestamptz>,
        counted_seq -> Nullable<Int8>,
        inbox_at -> Nullable<Timestamptz>,
        desk_changed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    chat_messages (player_id, id) {
        id -> Uuid,
        session_id -> Uuid,
        player_id -> Text,
        seq -> Int8,
        sender_type -> Text,
        sender_id -> Nullable<Text>,
        sender_name -> Nullable<Text>,
        content -> Text,
        accepted_at -> Timestamptz,
        persisted_at -> Timestamptz,
        attachments -> Nullable<Jsonb>,
    }
}

diesel::table! {
    chat_notes (player_id, id) {
        player_id -> Text,
        id -> Uuid,
        session_id -> Nullable<Uuid>,
        author_id -> Nullable<Text>,
        author_name -> Nullable<Text>,
        content -> Text,
        mentions -> Array<Nullable<Text>>,
        accepted_at -> Timestamptz,
        persisted_at -> Timestamptz,
    }
}

diesel::table! {
    chat_reads (player_id, reader) {
        player_id -> Text,
        reader -> Text,
        seq -> Int8,
        message_id -> Nullable<Uuid>,
        read_at -> Timestamptz,
        unread_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    chat_session_changes (player_id, id) {
        player_id -> Text,
        id -> Uuid,
        session_id -> Nullable<Uuid>,
        what -> Text,
        value -> Jsonb,
        by_id -> Nullable<Text>,
        by_name -> Nullable<Text>,
        accepted_at -> Timestamptz,
        persisted_at -> Timestamptz,
    }
}

diesel::table! {
    chat_sessions (player_id, id) {
        id -> Uuid,
        player_id -> Text,
        player_name -> Nullable<Text>,
        status -> Text,
        opened_at -> Timestamptz,
        last_message_at -> Timestamptz,
        resolved_at -> Nullable<Timestamptz>,
        version -> Int8,
        actor_id -> Nullable<Text>,
        actor_name -> Nullable<Text>,
        assignee_id -> Nullable<Text>,
        assignee_name -> Nullable<Text>,
        assigned_at -> Nullable<Timestamptz>,
        team -> Nullable<Text>,
        tags -> Array<Nullable<Text>>,
        priority -> Int2,
        language -> Nullable<Text>,
    }
}

diesel::table! {
    chat_staff (id) {
        id -> Text,
        name -> Nullable<Text>,
        teams -> Array<Nullable<Text>>,
        capacity -> Nullable<Int2>,
        status -> Text,
        seen_at -> Timestamptz,
        last_assigned_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    chat_status_changes (player_id, id) {
        id -> Uuid,
        player_id -> Text,
        status -> Text,
        accepted_at -> Timestamptz,
        persisted_at -> Timestamptz,
        session_id -> Nullable<Uuid>,
        last_seq -> Nullable<Int8>,
        actor_id -> Nullable<Text>,
        actor_name -> Nullable<Text>,
        effective -> Bool,
    }
}

diesel::joinable!(chat_assignments -> chat_conversations (player_id));
diesel::joinable!(chat_notes -> chat_conversations (player_id));
diesel::joinable!(chat_session_changes -> chat_conversations (player_id));
diesel::joinable!(chat_sessions -> chat_conversations (player_id));
diesel::joinable!(chat_status_changes -> chat_conversations (player_id));

diesel::allow_tables_to_appear_in_same_query!(
    chat_archived_messages,
    chat_assignments,
    chat_audit,
    chat_canned_replies,
    chat_conversations,
    chat_messages,
    chat_notes,
    chat_reads,
    chat_session_changes,
    chat_sessions,
    chat_staff,
    chat_status_changes,
);
