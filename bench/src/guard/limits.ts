/**
 * The most CPU time that the writers may use per command and the readers per event, in iterations of reference-loop.ts.
 *
 * To measure them again after the services have changed, run
 * `scripts/run npx vitest run --project guard` several times on an idle machine: it prints what it measured. Then run it
 * with PLANTED_LOSS=1, which must fail. A limit lies in the middle between the highest of the one and what the other
 * prints. Measured: 38 to 50 per command and 40 to 52 per event, with the loss 57 to 73 and 69 to 74.
 *
 * Three read models project each event of a product.
 */
export const limits = { command: 61, event: 63 }
