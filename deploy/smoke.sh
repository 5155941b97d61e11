#!/usr/bin/env bash
# Leads a test player through a whole conversation: deploy/smoke.sh GATEWAY_URL [COMMAND…]
# COMMAND prints tokens as `gateway token` does; a gateway with AUTH_MODE=off needs none. Exits with 1 at
# the first step that fails, and names it.
set -euo pipefail

gateway=${1:?usage: deploy/smoke.sh GATEWAY_URL [COMMAND…]}
gateway=${gateway%/}
make_token=("${@:2}")
player=smoke-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
conversation=/api/unified-chat/conversations/$player
timeout_ms=5000

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

fail() {
    echo "smoke: $*" >&2
    exit 1
}

# token ROLE SUBJECT
token() {
    ((${#make_token[@]} == 0)) || "${make_token[@]}" --role "$1" --subject "$2" ||
        fail "could not make a token for the $1 $2"
}

# post TOKEN PATH BODY: fails unless the response is 202.
post() {
    local answer
    answer=$(curl --silent --show-error --max-time 5 --write-out ' HTTP %{http_code}' \
        --header 'Content-Type: application/json' --header "Authorization: Bearer $1" \
        --data "$3" "$gateway$2") ||
        fail "POST $2 was not answered"
    [[ $answer == *' HTTP 202' ]] || fail "POST $2 was not accepted: $answer"
}

# send SENDER_TYPE CONTENT
send() {
    local sender=${1}_token
    post "${!sender}" /api/staff-chat-integration/send \
        "{\"playerId\":\"$player\",\"senderType\":\"$1\",\"content\":\"$2\"}"
    echo "  202 accepted, from the $1: \"$2\""
}

# read_history: sets `history` to the response; on failure returns non-zero, with the error in `history`.
read_history() {
    history=$(curl --silent --show-error --fail-with-body --max-time 5 \
        --header "Authorization: Bearer $player_token" "$gateway$conversation" 2>&1)
}

# field NAME: its value in the history; the name must occur once.
field() { sed -nE "s/.*\"$1\":\"?([^\",}]*).*/\1/p" <<<"$history"; }

# matches STATUS LAST_SEQ CONTENT: whether the history has them.
matches() {
    [[ $(field status) == "$1" && $(field lastSeq) == "$2" && $history == *"\"content\":\"$3\""* ]]
}

# expect STATUS LAST_SEQ CONTENT: waits until the history has them.
expect() {
    local started
    started=$(now_ms)
    until read_history && matches "$@"; do
        (($(now_ms) - started < timeout_ms)) ||
            fail "not $1 with \"$3\" and seq $2 after $timeout_ms ms, but: $history"
        sleep 0.05
    done
    echo "  history after $(($(now_ms) - started)) ms: the session is $1, the last seq is $2"
}

player_token=$(token player "$player")
staff_token=$(token staff smoke)

echo "1. $player writes"
send player "Are you there?"
expect pending 1 "Are you there?"
first_session=$(field id)

echo "2. staff answers"
send staff "Here I am."
expect active 2 "Here I am."

echo "3. staff resolves"
post "$staff_token" "$conversation/status" '{"status":"resolved"}'
echo "  202 accepted: resolved"
expect resolved 2 "Here I am."

echo "4. $player writes again"
send player "One more thing."
expect pending 3 "One more thing."
[[ $(field id) != "$first_session" ]] || fail "session $first_session was opened again"
echo "  it is a new session"

echo "all is well"
