/** Loaded into the services by `make soak PLANT=leak`, which must then fail: each keeps 500 kB more every second. */
const kept: Buffer[] = []
setInterval(() => kept.push(Buffer.alloc(500_000, 1)), 1_000).unref()
