# Defines the commands that the runbooks of docs/operations.md use. In the repository's folder:
# . deploy/operator.sh
# They act on the system of `make up` if it runs, and otherwise on that of docker compose.
#
#   ready                the readiness of each service and of its dependencies
#   queues               for each queue: messages, messages held by a worker, consumers; some seconds old
#   metrics SERVICE      the metrics of gateway, persister or broadcaster
#   logs SERVICE         its log
#   sql [OPTION…]        psql on the database
#   rabbitmqctl …        RabbitMQ's own command
#   smoke                leads a test player through a conversation, and names the step that fails
#   gateway …, persister …, broadcaster …    the commands of the services
# shellcheck shell=sh

if [ -e .local/env ]; then
    set -a
    . .local/env
    set +a

    ready() {
        for url in "$GATEWAY_URL" "$PERSISTER_URL" "$BROADCASTER_URL"; do
            curl --silent --show-error --max-time 5 "$url/health/ready"
            echo
        done
    }
    metrics() {
        case $1 in
        gateway) curl --silent --show-error --max-time 5 "$GATEWAY_METRICS_URL/metrics" ;;
        persister) curl --silent --show-error --max-time 5 "$PERSISTER_URL/metrics" ;;
        broadcaster) curl --silent --show-error --max-time 5 "$BROADCASTER_URL/metrics" ;;
        esac
    }
    logs() { cat ".local/logs/$1.log"; }
    sql() { psql "$DATABASE_URL" "$@"; }
    # Debian's own command switches to another user, which cannot reach this node.
    rabbitmqctl() {
        (
            . .local/kept
            HOME=$PWD/.local/rabbitmq ERL_EPMD_PORT=$EPMD_PORT \
                /usr/lib/rabbitmq/bin/rabbitmqctl --quiet --node "$RABBITMQ_NODE@localhost" "$@"
        )
    }
    smoke() { deploy/smoke.sh "$GATEWAY_URL" "${CARGO_TARGET_DIR:-target}/debug/gateway" token; }
    gateway() { "${CARGO_TARGET_DIR:-target}/debug/gateway" "$@"; }
    persister() { "${CARGO_TARGET_DIR:-target}/debug/persister" "$@"; }
    broadcaster() { "${CARGO_TARGET_DIR:-target}/debug/broadcaster" "$@"; }
else
    GATEWAY_URL=http://$(docker compose port gateway 8080)

    get() { # get SERVICE PORT PATH: the containers have no curl
        docker compose exec -T "$1" bash -c '
            exec 3<>"/dev/tcp/127.0.0.1/$0"
            printf "GET %s HTTP/1.0\r\n\r\n" "$1" >&3
            sed "1,/^\r*$/d" <&3' "$2" "$3"
    }
    ready() {
        for at in "gateway 8080" "persister 8081" "broadcaster 8082"; do
            get $at /health/ready
            echo
        done
    }
    metrics() {
        case $1 in
        gateway) get gateway 9080 /metrics ;;
        persister) get persister 8081 /metrics ;;
        broadcaster) get broadcaster 8082 /metrics ;;
        esac
    }
    logs() { docker compose logs --no-log-prefix "$1"; }
    sql() { docker compose exec -T postgres psql --username=chat --dbname=chat "$@"; }
    rabbitmqctl() { docker compose exec -T rabbitmq rabbitmqctl --quiet "$@"; }
    smoke() { deploy/smoke.sh "$GATEWAY_URL" docker compose exec -T gateway gateway token; }
    gateway() { docker compose exec -T gateway gateway "$@"; }
    persister() { docker compose exec -T persister persister "$@"; }
    broadcaster() { docker compose exec -T broadcaster broadcaster "$@"; }
fi

queues() { rabbitmqctl list_queues name messages messages_unacknowledged consumers; }
