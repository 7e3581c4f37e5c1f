import { defineConfig } from 'vitest/config'

/** The ending of a test's name says what it costs; `vitest --project unit` runs the cheap ones alone. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['*/src/**/*.{test,prop.test}.ts'],
          exclude: ['**/*.{int,e2e}.test.ts', '**/node_modules/**'],
        },
      },
      {
        test: {
          name: 'int',
          include: ['*/src/**/*.int.test.ts'],
          globalSetup: ['local-infra/src/test-servers.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'e2e',
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
