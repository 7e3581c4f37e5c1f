import { writeFileSync } from 'node:fs'
import { dashboardFile } from './dashboard.ts'

writeFileSync(dashboardFile.path, dashboardFile.text)
