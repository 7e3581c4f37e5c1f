import fc from 'fast-check'

/** Every run tries the same cases, so that a failure is caused by the change; FAST_CHECK_SEED=n tries others. */
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 1) })
