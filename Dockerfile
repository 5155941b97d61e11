# One build for all services, and an image for each:
#   docker build --target gateway --tag chat-gateway .

# The crates with their manifests and without their code.
FROM rust:1.95-trixie AS manifests
WORKDIR /workspace
COPY . .
RUN mkdir /manifests && cp --parents Cargo.lock Cargo.toml */Cargo.toml */*/Cargo.toml /manifests
WORKDIR /manifests
RUN for manifest in */Cargo.toml */*/Cargo.toml; do \
        code=$(dirname "$manifest")/src && mkdir "$code" && echo '//! Empty.' >"$code/lib.rs" || exit 1; \
    done

FROM rust:1.95-trixie AS build
WORKDIR /workspace
ENV PROGRAMS="--package gateway --package persister --package broadcaster --package local-pusher"
# This layer compiles the dependencies, and again only when a manifest changes. What it made of the
# empty crates must go: it is younger than the code, and Cargo would take it for up to date.
COPY --from=manifests /manifests .
RUN cargo build --release --locked $PROGRAMS && cargo clean --release --workspace
COPY . .
RUN cargo build --release --locked $PROGRAMS
RUN mkdir /archive

# The portal's pages.
FROM node:20-trixie-slim AS portal
WORKDIR /workspace
COPY portal/package.json portal/package-lock.json ./
RUN npm ci
COPY portal .
RUN npm run build

# What every service runs in: no root, and nothing that the service could overwrite.
FROM debian:trixie-slim AS service
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY deploy/ready /usr/local/bin/
# For checkouts that nobody but their owner may read.
RUN chmod 0755 /usr/local/bin/ready
USER 10001:10001
STOPSIGNAL SIGTERM
ENV LOG_FORMAT=json

FROM service AS gateway
COPY --from=build /workspace/target/release/gateway /usr/local/bin/
COPY --from=portal /workspace/dist /usr/local/share/portal
ENV PORTAL_DIR=/usr/local/share/portal
ENV GATEWAY_LISTEN=0.0.0.0:8080 GATEWAY_METRICS_LISTEN=0.0.0.0:9080
EXPOSE 8080 9080
ENTRYPOINT ["gateway"]

# `migrate`, `dead-letters` and `archive` are commands of this one. A volume for archives belongs to
# whom the directory belongs to that it is put over.
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
