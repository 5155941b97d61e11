# What the runbooks of docs/operations.md are written in, for a shell in this folder's parent: . deploy/operator.sh
# The system is the one that `make up` started, if it runs, and otherwise that of docker compose.
#
#   ready                what each service says of itself and of what it depends on
#   queues               how much waits in each queue, how much of it a worker holds, and how many workers take from it;
#                        RabbitMQ tells it some seconds late
#   metrics SERVICE      the metrics of gateway, persister or broadcaster
#   logs SERVICE         what it has said
#   sql [OPTION…]        psql on the database
#   rabbitmqctl …        RabbitMQ's own
#   smoke                leads a made-up player through a conversation, and says what fails
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
    # Debian's own command would be another user, and see nothing of this.
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

    get() { # get SERVICE PORT PATH, where there is no curl
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
