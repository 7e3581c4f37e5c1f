import { type OxlintOverride, defineConfig } from 'oxlint'

type Ban = readonly [pattern: string, why: string] | { group: string[]; message: string }

const kafkaClient = { name: 'kafkajs', message: 'Only core/src/kafka imports the client: use its functions.' }

/** The last override that fits a file replaces the others, so each names all its bans. */
function imports(bans: readonly Ban[], paths = [kafkaClient]): NonNullable<OxlintOverride['rules']> {
  const patterns = bans.map((ban) => ('group' in ban ? ban : { regex: ban[0], message: ban[1] }))
  return { 'no-restricted-imports': ['error', { paths, patterns }] }
}

const tools: Ban = [
  '^@lockstep/(migrations|monitoring|e2e|bench|cli|local-infra|testkit)(/|$)',
  'What runs in production imports none of the tools around it.',
]
const testkit: Ban = ['^@lockstep/testkit(/|$)', 'Only tests import testkit.']
const services: Ban = ['(writer|reader)-service(/|$)', 'Only e2e knows the services, and as processes.']
/** The views, topics and indexes are derived from the definitions. */
const partsOfServices: Ban = {
  group: [
    '@lockstep/*-service/**',
    '!@lockstep/writer-service/aggregates.ts',
    '!@lockstep/reader-service/read-models.ts',
    '!@lockstep/*-service/runtime/{aggregate,check-aggregate,read-model}.ts',
  ],
  message: 'Only e2e knows the services; the migrations know the lists of aggregates and read models.',
}
const coreBans: Ban[] = [
  services,
  tools,
  {
    group: [
      '@lockstep/contracts/gen/lockstep/**/*.ts',
      '@lockstep/contracts/*-events.ts',
      '!@lockstep/contracts/gen/lockstep/ops/v1/dead_letters.ts',
    ],
    message: 'core knows no aggregate.',
  },
]

const cliBans: Ban[] = [
  [
    '^(pg|mongodb|ioredis|@lockstep/core/(kafka|postgres|mongo|redis|http))(/|$)',
    'The tool is a client of the services: its users need no password of a database.',
  ],
  [
    '(writer|reader)-service(/|$)|^@lockstep/(migrations|monitoring|e2e|bench|docs|local-infra|testkit)(/|$)',
    'The tool knows contracts and core.',
  ],
]

const ownService: Ban = [
  '^@lockstep/reader-service/',
  'Import files of the same service by their relative path.',
]
const noWriter: Ban = ['writer-service(/|$)', 'The services never import each other: they use contracts.']
const drivers = 'pg|mongodb|ioredis|hono|@grpc/.*|@lockstep/core/(http|grpc|kafka|postgres|mongo|redis)'

/** Imports that leave the runtime, from a file that is `depth` folders below it. */
function outOfRuntime(depth: number): Ban {
  const src = '../'.repeat(depth + 1)
  const message = 'A runtime imports no slice, and only wire.ts knows every part.'
  return { group: [`${src}**`, `!${src}config.ts`], message }
}

/** Imports that leave a slice, from a file that is `depth` folders below it. */
function outOfSlice(depth: number): Ban {
  const src = '../'.repeat(depth + 1)
  const message = "A slice imports its service's runtime, core and contracts, and no other slice."
  return { group: [`${src}**`, `!${src}runtime/**`], message }
}

const pureSlice = 'A slice is pure: the runtime does the I/O, and passes clocks and random values.'
const io: Ban[] = [
  [`^(${drivers})(/|$)`, pureSlice],
  { group: ['node:*', '!node:crypto'], message: pureSlice },
]
const noDrivers: Ban = [`^(${drivers})(/|$)`, 'A use case knows ports, not protocols and drivers.']
const noContracts: Ban = ['^@lockstep/contracts(/|$)', 'A use case knows ports, not the form of messages.']
const adapters: Ban[] = [
  noDrivers,
  [
    '(^|/)(cache|inbound|operators|projection)/|(^|/)(grpc|kafka|mongo|redis)-[a-z-]+\\.ts$',
    'A use case imports no adapter: run-read-model.ts connects them.',
  ],
]

/** The reader: slices over one runtime. A file of the runtime whose name starts with a technology is an adapter. */
function readerLayers(): OxlintOverride[] {
  const src = 'reader-service/src'
  const everywhere = [noWriter, tools]
  const useCases = [...everywhere, outOfRuntime(1), ownService, ...adapters]
  return [
    { files: [`${src}/**`], rules: imports(everywhere) },
    ...[0, 1].map((depth) => ({
      files: [`${src}/*/${'*/'.repeat(depth)}*.ts`],
      rules: imports([...everywhere, outOfSlice(depth), ownService, ...io]),
    })),
    ...[0, 1].map((depth) => ({
      files: [`${src}/runtime/${'*/'.repeat(depth)}*.ts`],
      rules: imports([...everywhere, outOfRuntime(depth), ownService]),
    })),
    { files: [`${src}/runtime/{versions,queries,rebuild,audit,snapshots}/*.ts`], rules: imports(useCases) },
    {
      files: [
        `${src}/runtime/*/{grpc,kafka,mongo,redis}-*.ts`,
        // Its types are those of the protocols: it is what a slice defines.
        `${src}/runtime/queries/definition.ts`,
      ],
      rules: imports([...everywhere, outOfRuntime(1), ownService]),
    },
    { files: [`${src}/*/*.test.ts`], rules: imports([noWriter, outOfSlice(0)]) },
    ...[0, 1, 2].map((depth) => ({
      files: [`${src}/runtime/${'*/'.repeat(depth)}*.test.ts`],
      rules: imports([noWriter, outOfRuntime(depth)]),
    })),
    { files: [`${src}/runtime/testing/*.ts`], rules: imports([noWriter, outOfRuntime(1)]) },
    { files: [`${src}/runtime/*/testing/*.ts`], rules: imports([noWriter, outOfRuntime(2)]) },
  ]
}

/** The writer: slices over a runtime, whose use cases (commands/) import no adapter. */
function writerLayers(): OxlintOverride[] {
  const src = 'writer-service/src'
  const other: Ban = ['reader-service(/|$)', 'The services never import each other: they use contracts.']
  const everywhere = [other, tools]
  const noSlice = 'A runtime imports no slice and nothing that only one slice has.'
  const contractsOfSlices: Ban = {
    group: [
      '@lockstep/contracts/*.ts',
      '@lockstep/contracts/gen/lockstep/**/*.ts',
      '!@lockstep/contracts/{descriptors,event-contract,topics}.ts',
      '!@lockstep/contracts/gen/lockstep/ops/**/*.ts',
    ],
    message: noSlice,
  }
  /** At each depth of folders, the relative path that leaves the runtime. */
  const runtime = (depth: number, folder: string, bans: readonly Ban[] = []) => ({
    files: [`${src}/runtime/${folder}`],
    rules: imports([...everywhere, contractsOfSlices, [`^${'\\.\\./'.repeat(depth + 1)}`, noSlice], ...bans]),
  })
  const parts = (names: string): Ban => [
    `(^|/)(${names})/`,
    'Adapters import the use cases, and not each other.',
  ]
  const ownParts: Ban = {
    group: ['../*', '../**', '!../runtime', '!../runtime/**'],
    message: "A slice imports its service's runtime, core and contracts, and no other slice.",
  }
  const onlyBeside: Ban = {
    group: ['*', '!./*', '!../runtime', '!../runtime/decision.ts'],
    message: 'The domain of a slice is pure: it imports files beside it and runtime/decision.ts.',
  }
  return [
    { files: [`${src}/**`], rules: imports(everywhere) },
    { files: [`${src}/*/*.ts`, `${src}/*/domain/**`], rules: imports([onlyBeside], []) },
    { files: [`${src}/*/commands.ts`], rules: imports([...everywhere, ownParts]) },
    runtime(0, '*.ts'),
    runtime(1, '*/*.ts'),
    runtime(2, '*/*/*.ts'),
    runtime(1, 'commands/*.ts', [parts('event-store|outbox|inbound|operators'), noDrivers, noContracts]),
    runtime(1, 'event-store/*.ts', [parts('outbox|inbound|operators')]),
    runtime(1, 'outbox/*.ts', [parts('event-store|inbound|operators')]),
    runtime(1, 'operators/*.ts', [parts('event-store|outbox|inbound')]),
    runtime(1, 'inbound/*.ts', [parts('event-store|outbox|operators')]),
    runtime(2, 'inbound/*/*.ts', [parts('event-store|outbox|operators')]),
    {
      files: [`${src}/runtime/testing/**`],
      rules: imports([other, ['^\\.\\./\\.\\./', noSlice]]),
    },
    { files: [`${src}/**/*.test.ts`], rules: imports([other]) },
  ]
}

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: ['contracts/src/gen/**'],
  rules: {
    ...imports([]),
    eqeqeq: 'error',
    'import/no-cycle': 'error',
    // Vitest looks at the pattern: `({}, ...)` is a fixture that needs no other.
    'no-empty-pattern': ['error', { allowObjectPatternsAsParameters: true }],
    'no-unused-vars': [
      'error',
      { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
    ],
    'typescript/consistent-type-imports': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'vitest/valid-expect': ['error', { maxArgs: 2 }],

    // The compiler sees a missing return itself, and knows when a switch has no other way out.
    'consistent-return': 'off',
    'typescript/consistent-return': 'off',
    // Right where they are used: a cast that a comment explains, code points, an enum of kafkajs, rows as text.
    'typescript/no-base-to-string': 'off',
    'typescript/require-array-sort-compare': 'off',
    'typescript/no-misused-spread': 'off',
    'typescript/no-unsafe-enum-assignment': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/unbound-method': 'off',
    // A matter of taste, where this project's is another.
    'import/no-named-as-default-member': 'off',
    'import/no-unassigned-import': 'off',
    'no-new': 'off',
    'no-underscore-dangle': 'off',
    'no-unmodified-loop-condition': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/no-useless-spread': 'off',
    'vitest/no-conditional-expect': 'off',
    // The test of e2e/src/system/stack-test.ts is not known as one.
    'vitest/no-standalone-expect': 'off',
    'vitest/require-mock-type-parameters': 'off',
    'vitest/require-to-throw-message': 'off',
  },
  overrides: [
    { files: ['contracts/src/**'], rules: imports([['^@lockstep/', 'contracts stand alone.'], services]) },
    { files: ['core/src/**'], rules: imports(coreBans) },
    { files: ['core/src/kafka/**'], rules: imports(coreBans, []) },
    { files: ['core/src/**/*.test.ts', 'core/src/**/testing/**'], rules: imports([services]) },
    {
      files: ['core/src/kafka/**/*.test.ts', 'core/src/kafka/**/testing/**'],
      rules: imports([services], []),
    },
    { files: ['testkit/src/**'], rules: imports([services]) },
    { files: ['testkit/src/kafka/**'], rules: imports([services], []) },
    { files: ['local-infra/src/**'], rules: imports([services, testkit]) },
    { files: ['migrations/src/**'], rules: imports([partsOfServices, testkit]) },
    {
      files: ['local-infra/src/**/*.test.ts'],
      rules: imports([services]),
    },
    { files: ['migrations/src/**/*.test.ts'], rules: imports([partsOfServices]) },
    { files: ['cli/src/**'], rules: imports(cliBans) },
    ...writerLayers(),
    ...readerLayers(),
  ],
})
