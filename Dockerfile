# One build for all services, and one image for each:
#   docker build --target gateway --tag chat-gateway .

# cargo-chef writes a skeleton of the workspace, with every target that a manifest declares, and compiles
# the dependencies in a layer of their own. dev/scripts/check-image.sh runs the cargo commands below
# without a container engine.
FROM rust:1.95-trixie AS chef
RUN cargo install --locked cargo-chef@0.1.78
WORKDIR /workspace

FROM chef AS recipe
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS build
ENV PROGRAMS="--package gateway --package persister --package broadcaster --package local-pusher"
# This layer is rebuilt only when a manifest changes.
COPY --from=recipe /workspace/recipe.json .
RUN cargo chef cook --release --locked $PROGRAMS --recipe-path recipe.json
COPY . .
RUN cargo build --release --locked $PROGRAMS
RUN mkdir /archive /attachments

# The portal's pages.
FROM node:20-trixie-slim AS portal
WORKDIR /workspace
COPY portal/package.json portal/package-lock.json ./
RUN npm ci
COPY portal .
RUN npm run build

# The base of every service: no root, and no file that the service can write. A volume gets the owner of
# the directory that it is mounted over: the gateway's for attachments, the persister's for archives.
FROM debian:trixie-slim AS service
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY deploy/ready /usr/local/bin/
# The checkout may be readable only by its owner.
RUN chmod 0755 /usr/local/bin/ready
USER 10001:10001
STOPSIGNAL SIGTERM
ENV LOG_FORMAT=json

FROM service AS gateway
COPY --from=build /workspace/target/release/gateway /usr/local/bin/
COPY --from=portal /workspace/dist /usr/local/share/portal
COPY --from=build --chown=10001:10001 /attachments /var/lib/chat-attachments
ENV PORTAL_DIR=/usr/local/share/portal
ENV GATEWAY_LISTEN=0.0.0.0:8080 GATEWAY_METRICS_LISTEN=0.0.0.0:9080
EXPOSE 8080 9080
ENTRYPOINT ["gateway"]

# Also runs the commands `migrate`, `dead-letters` and `archive`.
FROM service AS persister
COPY --from=build /workspace/target/release/persister /usr/local/bin/
COPY --from=build --chown=10001:10001 /archive /var/lib/chat-archive
ENV PERSISTER_LISTEN=0.0.0.0:8081
EXPOSE 8081
ENTRYPOINT ["persister"]

FROM service AS broadcaster
COPY --from=build /workspace/target/release/broadcaster /usr/local/bin/
ENV BROADCASTER_LISTEN=0.0.0.0:8082
EXPOSE 8082
ENTRYPOINT ["broadcaster"]

FROM service AS local-pusher
COPY --from=build /workspace/target/release/local-pusher /usr/local/bin/
ENV LOCAL_PUSHER_LISTEN=0.0.0.0:6001
EXPOSE 6001
ENTRYPOINT ["local-pusher"]
