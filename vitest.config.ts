import { defineConfig } from 'vitest/config'

/**
 * How long `expect.poll` waits for a condition, ms. What is so after all passes at once, so these limits, as those of
 * the tests, only have to be beyond what a machine with twenty times its load needs.
 */
const poll = { timeout: 60_000, interval: 20 }

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
          expect: { poll: { ...poll, timeout: 20_000 } },
          testTimeout: 30_000,
          hookTimeout: 30_000,
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
          expect: { poll },
          sequence: { groupOrder: 1 },
          include: ['*/src/**/*.int.test.ts'],
          globalSetup: ['local-infra/src/test-servers.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          setupFiles: ['vitest.setup.ts'],
          name: 'e2e',
          expect: { poll },
          sequence: { groupOrder: 2 },
          include: ['*/src/**/*.e2e.test.ts'],
          // One worker that keeps its modules runs all files: they share one stack (e2e/src/system/stack-test.ts).
          fileParallelism: false,
          isolate: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
