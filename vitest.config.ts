import { defineConfig } from 'vitest/config'

/** The ending of a test's name says what it costs; the cheap ones run first, and `--project unit` runs them alone. */
export default defineConfig({
  test: {
    // To stop the servers of the end-to-end tests in order.
    teardownTimeout: 60_000,
    projects: [
      {
        test: {
          setupFiles: ['vitest.setup.ts'],
          name: 'unit',
          sequence: { groupOrder: 0 },
          // Nothing to keep apart: to import everything anew for each file would take four times as long.
          isolate: false,
          include: ['*/src/**/*.{test,prop.test}.ts'],
          exclude: ['**/*.{int,e2e}.test.ts', '**/node_modules/**'],
        },
      },
      {
        test: {
          setupFiles: ['vitest.setup.ts'],
          name: 'int',
          sequence: { groupOrder: 1 },
          include: ['*/src/**/*.int.test.ts'],
          globalSetup: ['local-infra/src/test-servers.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          setupFiles: ['vitest.setup.ts'],
          name: 'e2e',
          sequence: { groupOrder: 2 },
          include: ['*/src/**/*.e2e.test.ts'],
          // One worker that keeps its modules runs all files: they share one stack (e2e/src/stack-test.ts).
          fileParallelism: false,
          isolate: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
