# One of the workspace's programs with what it imports: docker build -f docker/service.Dockerfile
# --build-arg PACKAGE=writer-service . There is no build step: Node runs the TypeScript as it is.
# `pnpm deploy` is no way here, because it puts the sources below node_modules, where Node strips no types.

FROM node:24.21.0-bookworm-slim AS packages
ARG PACKAGE
ENV CI=1
RUN npm install --global pnpm@12.21.0
WORKDIR /app
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY bench/package.json bench/
COPY cli/package.json cli/
COPY contracts/package.json contracts/
COPY core/package.json core/
COPY e2e/package.json e2e/
COPY local-infra/package.json local-infra/
COPY migrations/package.json migrations/
COPY monitoring/package.json monitoring/
COPY reader-service/package.json reader-service/
COPY writer-service/package.json writer-service/
RUN pnpm install --frozen-lockfile --prod --filter "@lockstep/${PACKAGE}..."
COPY contracts contracts
COPY core core
# The migrations import the services' definitions of aggregates and read models.
COPY writer-service writer-service
COPY reader-service reader-service
COPY ${PACKAGE} ${PACKAGE}

FROM node:24.21.0-bookworm-slim
ARG PACKAGE
ENV NODE_ENV=production
COPY --from=packages /app /app
WORKDIR /app/${PACKAGE}
# The user node of the image.
USER 1000
# A small young generation: at rest a service then takes about 15 MB less.
CMD ["node", "--max-semi-space-size=4", "src/main.ts"]
