import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { cached } from '@lockstep/local-infra/download-cache.ts'

/** The folder that contains grpcurl, installed as the README says, and cached. */
export function grpcurlFolder(): Promise<string> {
  return cached('grpcurl/v1.9.3', async (dir) => {
    const env = { ...process.env, GOBIN: dir, GOFLAGS: '' }
    await promisify(execFile)('go', ['install', 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3'], {
      env,
    })
  })
}
