import { defineConfig } from 'vitest/config'
import { slowestFiles } from './scripts/slowest-files.ts'

/**
 * How long `expect.poll` waits for a condition, ms. A condition that holds is seen at once, so these limits, and those
 * of the tests, only have to be longer than a machine under twenty times its load needs.
 */
const poll = { timeout: 60_000, interval: 20 }

/** The ending of a test's file name states its cost; the cheap ones run first, and `--project unit` runs only them. */
export default defineConfig({
  test: {
    // To stop the servers of the end-to-end tests in order.
    teardownTimeout: 60_000,
    reporters: [
      'default',
      slowestFiles,
      ...(process.env.TEST_RESULTS
        ? [['json', { outputFile: process.env.TEST_RESULTS }] satisfies ['json', object]]
        : []),
    ],
    projects: [
      {
        test: {
          setupFiles: ['vitest.setup.ts'],
          name: 'unit',
          expect: { poll: { ...poll, timeout: 20_000 } },
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
          // These files share no state: a new module registry for each file would take four times as long.
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
          // More than the cores: these tests wait for servers most of the time.
          maxWorkers: 4,
          globalSetup: ['testkit/src/test-servers.ts'],
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
          exclude: ['bench/src/guard/**', '**/node_modules/**'],
          // Each worker keeps its modules and starts one stack for all of its files (e2e/src/system/stack-test.ts).
          maxWorkers: 2,
          isolate: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          setupFiles: ['vitest.setup.ts'],
          name: 'guard',
          // After all others: it measures CPU time, for which the machine should do nothing else.
          sequence: { groupOrder: 3 },
          include: ['bench/src/guard/*.e2e.test.ts'],
          isolate: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
