import fc from 'fast-check'

/** Every run tries the same cases, so a failure is one of the change; FAST_CHECK_SEED=n looks at others. */
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 1) })
