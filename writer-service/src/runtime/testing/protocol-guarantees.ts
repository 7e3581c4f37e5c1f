import { randomUUID } from 'node:crypto'
import { Client, credentials, type ServiceDefinition } from '@grpc/grpc-js'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import { serveGrpc, type GrpcServer } from '@lockstep/core/grpc/server.ts'
import { grpcServices } from '@lockstep/core/grpc/service.ts'
import { createHttpApp, type HttpApp } from '@lockstep/core/http/app.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { creates, grpcMethodOf } from '../inbound/command-input.ts'
import type { CommandResult } from '../commands/execute-command.ts'
import { commandService } from '../inbound/grpc/command-service.ts'
import { collectionPath, mediaTypesOf } from '../inbound/http/command-docs.ts'
import { commandRoutes } from '../inbound/http/command-routes.ts'
import type { SuiteContext } from './aggregate-suite.ts'
import { executeOn } from './test-writer.ts'

/** One command over both protocols. The suite adds id, expected version and idempotency key. */
export type ExampleRequest = {
  /** The name of the entry in the table of commands. */
  command: string
  /** The parameters of the path beside `{id}`. */
  parameters?: Record<string, string>
  body?: object
  /** The fields of the gRPC request; omitted for a command that only HTTP has. */
  message?: object
}

const timeLimit = { timeLimitMs: 20_000 }

/** What is true of the table of commands over both protocols. */
export function protocolGuarantees({ aggregate, examples, writer, stored, events }: SuiteContext): void {
  let app: HttpApp
  let server: GrpcServer
  let client: Client
  beforeAll(async () => {
    const execute = executeOn(writer().pool)
    const options = {
      log: createLog({ service: 'test', level: 'silent' }),
      metrics: new Registry(),
      admit: <T>(work: () => Promise<T>) => work(),
    }
    app = createHttpApp(options)
    commandRoutes(app, [aggregate], execute, timeLimit)
    server = await serveGrpc({
      host: '127.0.0.1',
      port: 0,
      tls: { certFile: '', keyFile: '', clientCaFile: '' },
      services: [commandService(grpcServices(options), aggregate, execute, timeLimit)],
      descriptors: contractDescriptors,
      draining: new AbortController().signal,
    })
    client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure())
  })
  afterAll(async () => {
    client.close()
    await server[Symbol.asyncDispose]()
  })

  const definitionOf = ({ command }: ExampleRequest) => aggregate.commands[command]!

  async function overHttp(request: ExampleRequest, id: string, key: string, headers = {}): Promise<Response> {
    const { http } = definitionOf(request)
    const values: Record<string, string> = { id, ...request.parameters }
    const path =
      http.path === '/' ? '' : http.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name]!)
    const body = creates(http) ? { id, ...request.body } : request.body
    const type = body && { 'content-type': mediaTypesOf(http)[0] }
    return app.request(`${collectionPath(aggregate)}${path}`, {
      method: http.method.toUpperCase(),
      headers: { 'idempotency-key': key, ...type, ...headers },
      ...(body && { body: JSON.stringify(body) }),
    })
  }

  function overGrpc(request: ExampleRequest, id: string, idempotencyKey: string, extra = {}) {
    const method = grpcMethodOf(definitionOf(request))!
    const name = method.charAt(0).toLowerCase() + method.slice(1)
    const { path, requestSerialize, responseDeserialize } = (aggregate.service as ServiceDefinition)[name]!
    return new Promise<CommandResult>((resolve, reject) => {
      const message = { id, ...request.message, idempotencyKey, ...extra }
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, (error, response) =>
        error ? reject(error) : resolve(response as CommandResult),
      )
    })
  }

  describe('over both protocols', () => {
    it('there is an example of every command', () => {
      expect(new Set(examples.requests.map(({ command }) => command))).toEqual(
        new Set(Object.keys(aggregate.commands)),
      )
    })

    it('a command has the same effect, and a repeat over the other protocol gets its stored result', async () => {
      const [httpFirst, grpcFirst] = [randomUUID(), randomUUID()]
      for (const request of examples.requests) {
        const { http } = definitionOf(request)
        const keys = [randomUUID(), randomUUID()] as const
        const response = await overHttp(request, httpFirst, keys[0])
        const result = (await response.json()) as CommandResult
        expect([request.command, response.status, result.id]).toEqual([
          request.command,
          http.status,
          httpFirst,
        ])
        expect(response.headers.get('etag')).toBe(`"${result.version}"`)
        const location = http.status === 201 ? `${collectionPath(aggregate)}/${httpFirst}` : null
        expect(response.headers.get('location')).toBe(location)
        if (request.message === undefined) {
          await overHttp(request, grpcFirst, keys[1])
          continue
        }
        expect(await overGrpc(request, httpFirst, keys[0])).toEqual(result)
        const { version } = await overGrpc(request, grpcFirst, keys[1])
        expect(version).toBe(result.version)
        expect(await (await overHttp(request, grpcFirst, keys[1])).json()).toEqual({ id: grpcFirst, version })
      }
      expect((await stored(httpFirst))?.state).toEqual((await stored(grpcFirst))?.state)
      expect((await events(httpFirst)).length).toBe((await events(grpcFirst)).length)
    })

    it('an unknown field, an invalid id and an invalid expected version are reported together', async () => {
      for (const request of examples.requests.filter((each) => !creates(definitionOf(each).http))) {
        const unknown = request.body && { body: { ...request.body, colour: 'red' } }
        const headers = { 'if-match': 'W/"1"' }
        const response = await overHttp({ ...request, ...unknown }, 'x', randomUUID(), headers)
        const { code, errors } = (await response.json()) as { code: string; errors: { field: string }[] }
        const fields = errors.map(({ field }) => field).toSorted()
        expect([code, fields]).toEqual(['invalid', ['If-Match', ...(unknown ? ['colour'] : []), 'id']])
      }
    })

    it('a command that expects any version is refused without an aggregate', async () => {
      for (const request of examples.requests.filter((each) => !creates(definitionOf(each).http))) {
        const id = randomUUID()
        const response = await overHttp(request, id, randomUUID(), { 'if-match': '*' })
        expect([404, 412]).toContain(response.status)
        expect(await stored(id)).toBeUndefined()
      }
    })

    it('another version than the expected one is refused', async () => {
      const [first] = examples.requests
      const id = randomUUID()
      expect((await overHttp(first!, id, randomUUID())).ok).toBe(true)
      const later = examples.requests.find(
        (each) => !creates(definitionOf(each).http) && each.message !== undefined,
      )!
      const response = await overHttp(later, id, randomUUID(), { 'if-match': '"7"' })
      expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
        412,
        'version_conflict',
      ])
      const refused = overGrpc(later, id, randomUUID(), { expectedVersion: 7 })
      await expect(refused).rejects.toMatchObject({ code: 10, details: expect.stringContaining('version') })
      expect((await stored(id))?.version).toBe(1)
    })
  })
}
