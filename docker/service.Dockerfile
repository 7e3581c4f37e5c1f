# One program of the workspace with the packages that it imports:
#   docker build -f docker/service.Dockerfile --build-arg PACKAGE=writer-service .
# There is no build step: Node runs the TypeScript directly. `pnpm deploy` does not work, because it copies the sources
# below node_modules, where Node does not strip types.

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
COPY create-aggregate/package.json create-aggregate/
COPY e2e/package.json e2e/
COPY local-infra/package.json local-infra/
COPY migrations/package.json migrations/
COPY monitoring/package.json monitoring/
COPY reader-service/package.json reader-service/
COPY testkit/package.json testkit/
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
# See docs/performance.md, "Memory".
CMD ["node", "--max-semi-space-size=32", "--no-allocation-site-pretenuring", "src/main.ts"]
