# One file for the three images. Built from the root of the repository: docker build --build-arg SERVICE=crm .

ARG SERVICE
# To build from one exact image, name it with its digest: node:26-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:26-bookworm-slim

FROM $NODE_IMAGE AS dependencies
ARG SERVICE
WORKDIR /app
COPY package.json pnpm-workspace.yaml pnpm-lock.yaml ./
COPY kit/package.json kit/
COPY crm/package.json crm/
COPY inventory/package.json inventory/
COPY middleware/package.json middleware/
# Not `pnpm deploy`: it puts the kit under node_modules, where Node does not strip types.
# Three images may be built at once; too many connections make some proxies stall until they time out.
RUN npx --yes pnpm@12.21.0 install --prod --frozen-lockfile --ignore-pnpmfile --network-concurrency=16 --filter-prod "@doorstep/$SERVICE..."

FROM $NODE_IMAGE AS crm
ENV PORT=3001

FROM $NODE_IMAGE AS inventory
ENV PORT=3002

FROM $NODE_IMAGE AS middleware
ENV PORT=3003

FROM $SERVICE
ARG SERVICE
# A fresh named volume inherits the owner and the mode of the folder that it is mounted on.
RUN install -d -o node -g node -m 700 /data /keys
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=dependencies /app/kit kit
COPY --from=dependencies /app/$SERVICE $SERVICE
COPY kit/src kit/src
COPY $SERVICE/migrations $SERVICE/migrations
COPY $SERVICE/src $SERVICE/src
# Imports and reconciliations keep what they read in a temporary database. /tmp may be memory; /data is a disk.
ENV SERVICE=$SERVICE HOST=0.0.0.0 DATA_DIR=/data SQLITE_TMPDIR=/data
USER node
EXPOSE $PORT
# It runs every five seconds, so not fetch(): loading it takes three times the processor time.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["node", "-e", "\
  http.get({ host: '127.0.0.1', port: process.env.PORT, path: '/health' }, \
    (response) => process.exit(response.statusCode === 200 ? 0 : 1))"]
# exec: signals must reach node, not the shell.
CMD ["sh", "-c", "exec node $SERVICE/src/main.ts"]
