import { type OxlintOverride, defineConfig } from 'oxlint'

type Ban = readonly [pattern: string, why: string] | { group: string[]; message: string }

const kafkaClient = { name: 'kafkajs', message: 'Only core/src/kafka knows the client: use what it offers.' }

/** The last override that fits a file replaces the others, so each names all its bans. */
function imports(bans: readonly Ban[], paths = [kafkaClient]): NonNullable<OxlintOverride['rules']> {
  const patterns = bans.map((ban) => ('group' in ban ? ban : { regex: ban[0], message: ban[1] }))
  return { 'no-restricted-imports': ['error', { paths, patterns }] }
}

const tools: Ban = [
  '^@lockstep/(migrations|monitoring|e2e|bench|cli|local-infra)(/|$)',
  'What runs in production imports none of the tools around it.',
]
const services: Ban = ['(writer|reader)-service(/|$)', 'Only e2e knows the services, and as processes.']
const inward = 'Imports point inward: domain <- app <- inbound | outbound <- wire <- main.'
const wiring: Ban = ['(^|/)(wire|main|api)\\.ts$', inward]
const inbound: Ban = ['(^|/)inbound/', inward]
const outbound: Ban = ['(^|/)outbound/', inward]
const adapters: Ban = [
  '^(pg|mongodb|ioredis|hono|@hono/.*|@grpc/.*|@lockstep/contracts|@lockstep/core/(http|grpc|kafka|postgres|mongo|redis))(/|$)',
  'A use case knows ports, not protocols and drivers: they belong to inbound and outbound.',
]
const coreBans: Ban[] = [
  services,
  tools,
  {
    group: [
      '@lockstep/contracts/gen/lockstep/**/*.ts',
      '@lockstep/contracts/product-*',
      '!@lockstep/contracts/gen/lockstep/ops/v1/error_records.ts',
    ],
    message: 'core knows nothing of products.',
  },
]

const cliBans: Ban[] = [
  [
    '^(pg|mongodb|ioredis|@lockstep/core/(kafka|postgres|mongo|redis|http))(/|$)',
    "The tool is a client of the services: nobody who uses it needs a database's password.",
  ],
  [
    '(writer|reader)-service(/|$)|^@lockstep/(migrations|monitoring|e2e|bench|docs|local-infra)(/|$)',
    'The tool knows contracts and core.',
  ],
]

function layersOf(service: string, other: string): OxlintOverride[] {
  const src = `${service}-service/src`
  const everywhere: Ban[] = [
    [`${other}-service(/|$)`, 'The services never import each other: they speak through contracts.'],
    tools,
  ]
  const pure = 'The domain is pure: it imports files beside it, and node:crypto for digests.'
  const onlyBeside = { group: ['*', '!./*', '!node:crypto'], message: pure }
  return [
    { files: [`${src}/**`], rules: imports(everywhere) },
    {
      files: [`${src}/*/domain/**`],
      rules: { 'no-restricted-imports': ['error', { patterns: [onlyBeside] }] },
    },
    { files: [`${src}/*/app/**`], rules: imports([...everywhere, wiring, inbound, outbound, adapters]) },
    { files: [`${src}/*/inbound/**`], rules: imports([...everywhere, wiring, outbound]) },
    { files: [`${src}/*/outbound/**`], rules: imports([...everywhere, wiring, inbound]) },
    {
      files: [`${src}/**/*.{test,contract}.ts`, `${src}/**/testing/**`],
      rules: imports(everywhere.slice(0, 1)),
    },
  ]
}

/** The writer: slices over a runtime, whose use cases (commands/) import no adapter. */
function writerRules(): OxlintOverride[] {
  const src = 'writer-service/src'
  const other: Ban = [
    'reader-service(/|$)',
    'The services never import each other: they speak through contracts.',
  ]
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
    runtime(1, 'commands/*.ts', [parts('event-store|outbox|inbound|operators'), adapters]),
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
    // The test of e2e/src/stack-test.ts is not known as one.
    'vitest/no-standalone-expect': 'off',
    'vitest/require-mock-type-parameters': 'off',
    'vitest/require-to-throw-message': 'off',
  },
  overrides: [
    { files: ['contracts/src/**'], rules: imports([['^@lockstep/', 'contracts stand alone.'], services]) },
    { files: ['core/src/**'], rules: imports(coreBans) },
    { files: ['core/src/kafka/**'], rules: imports(coreBans, []) },
    { files: ['core/src/**/*.test.ts', 'core/src/**/testing/**'], rules: imports([services]) },
    { files: ['core/src/kafka/**/*.test.ts', 'core/src/kafka/testing/**'], rules: imports([services], []) },
    { files: ['cli/src/**'], rules: imports(cliBans) },
    ...writerRules(),
    ...layersOf('reader', 'writer'),
  ],
})
