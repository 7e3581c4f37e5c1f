import { writeReport } from './write-report.ts'

/** `make bench_report` */
await writeReport()
