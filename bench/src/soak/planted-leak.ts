/** Loaded into the services by `make soak PLANT=leak`, which must then fail: each keeps 100 kB more every second. */
const kept: Buffer[] = []
setInterval(() => kept.push(Buffer.alloc(100_000, kept.length)), 1_000).unref()
