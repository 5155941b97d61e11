#!/bin/sh
# Creates RabbitMQ's users of this system, or sets their passwords and permissions: deploy/rabbitmq/users.sh [COMMAND…]
#
# Each service has a user that can do what the service needs, as .github/SECURITY.md lists. Their passwords, of letters,
# digits, - and _ only, are in RABBITMQ_GATEWAY_PASSWORD, RABBITMQ_PERSISTER_PASSWORD, RABBITMQ_BROADCASTER_PASSWORD and
# RABBITMQ_MONITOR_PASSWORD; QUEUE_PREFIX is that of the services. COMMAND is the rabbitmqctl of a node, such as
# docker compose exec -T rabbitmq rabbitmqctl. It may be run again, beside services that run.
set -eu

prefix=${QUEUE_PREFIX:-chat}
for password in "${RABBITMQ_GATEWAY_PASSWORD:?run make env}" "${RABBITMQ_PERSISTER_PASSWORD:?run make env}" \
    "${RABBITMQ_BROADCASTER_PASSWORD:?run make env}" "${RABBITMQ_MONITOR_PASSWORD:?run make env}"; do
    case $password in
    *[!A-Za-z0-9_-]*)
        echo "users: a password may have only letters, digits, - and _" >&2
        exit 1
        ;;
    esac
done
case $prefix in
*[!A-Za-z0-9_-]*)
    echo "users: QUEUE_PREFIX may have only letters, digits, - and _" >&2
    exit 1
    ;;
esac
[ "$#" -gt 0 ] || set -- rabbitmqctl

# The services publish to queues through the default exchange, which is amq.default in permissions, and bind their
# queues to the exchange PREFIX.events.
write="^($prefix\\\\.|amq\\\\.default\$)"

# By standard input, so that no password is in a list of processes.
"$@" import_definitions <<JSON
{
  "users": [
    {"name": "chat_gateway", "password": "$RABBITMQ_GATEWAY_PASSWORD", "tags": ""},
    {"name": "chat_persister", "password": "$RABBITMQ_PERSISTER_PASSWORD", "tags": ""},
    {"name": "chat_broadcaster", "password": "$RABBITMQ_BROADCASTER_PASSWORD", "tags": ""},
    {"name": "chat_monitor", "password": "$RABBITMQ_MONITOR_PASSWORD", "tags": "monitoring"}
  ],
  "permissions": [
    {
      "user": "chat_gateway", "vhost": "/", "write": "$write",
      "configure": "^\$", "read": "^$prefix\\\\.events\$"
    },
    {
      "user": "chat_persister", "vhost": "/", "write": "$write",
      "configure": "^$prefix\\\\.", "read": "^$prefix\\\\."
    },
    {
      "user": "chat_broadcaster", "vhost": "/", "write": "$write",
      "configure": "^$prefix\\\\.(events\$|broadcast)", "read": "^$prefix\\\\.(events\$|broadcast)"
    },
    {"user": "chat_monitor", "vhost": "/", "write": "^\$", "configure": "^\$", "read": "^\$"}
  ]
}
JSON
