import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { dockerDown, dockerLogs, dockerReset, dockerStatus, dockerUp, engineAnswers } from './docker.ts'
import { deleteStack, stackState, startStack, stopStack } from './native.ts'
import { jaegerPart, partsOf } from './stack-processes.ts'
import { overview } from './status-text.ts'
import { type StackSettings, readStackSettings } from './settings.ts'
import { runDev } from './dev.ts'
import { installServers } from './install.ts'

const say = (line: string) => console.log(line)

/** Throws the errors that `explain` describes. */
export async function runCommand(name: string, env: NodeJS.ProcessEnv): Promise<void> {
  const settings = readStackSettings(env)
  const docker = settings.LOCAL_INFRA === 'docker' || (settings.LOCAL_INFRA === 'auto' && engineAnswers())
  const commands: Record<string, () => Promise<void>> = {
    up: () => {
      say(modeText(settings, docker))
      return docker ? upDocker(settings) : upNative(settings)
    },
    down: () => down(settings, docker),
    reset: () => reset(settings, docker),
    status: () => (docker ? dockerStatus(settings) : status(settings)),
    logs: () => (docker ? dockerLogs(settings) : logs(settings)),
    dev: async () => {
      installServers()
      await runDev(settings, say)
    },
  }
  const command = commands[name]
  if (!command) throw new Error(`Unknown command ${name}; use one of: ${Object.keys(commands).join(', ')}`)
  await command()
}

const unchangedText = (restart: string) =>
  `Lockstep is already up; nothing was changed (to run changed code: ${restart}).\n`

/** Which kind of servers `make up` uses, and why. */
function modeText({ LOCAL_INFRA }: StackSettings, docker: boolean): string {
  const kind = docker ? 'Using containers' : 'Using programs of this machine'
  if (LOCAL_INFRA !== 'auto') return `${kind}: LOCAL_INFRA is ${LOCAL_INFRA}`
  return `${kind}: ${docker ? 'a' : 'no'} container engine with compose responds`
}

async function upNative(settings: StackSettings): Promise<void> {
  installServers()
  const began = performance.now()
  const { changed, jaeger } = await startStack(settings, { services: true, say })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  say(
    changed ? `\nLockstep is up, after ${seconds} s.\n` : unchangedText('make down && make up, or make dev'),
  )
  say(overview(settings, 'native', jaeger))
}

async function upDocker(settings: StackSettings): Promise<void> {
  const changed = await dockerUp(settings)
  say(changed ? '\nLockstep is up.\n' : unchangedText('make down && make up'))
  say(overview(settings, 'docker', 'running'))
}

/** Stops native servers and containers, because the setting may have changed since `make up`. */
async function down(settings: StackSettings, docker: boolean): Promise<void> {
  const stopped = await stopStack(settings)
  if (docker) await dockerDown(settings)
  else say(stopped.length > 0 ? `Stopped: ${stopped.join(', ')}. The data is kept.` : 'Nothing was running.')
}

async function reset(settings: StackSettings, docker: boolean): Promise<void> {
  await deleteStack(settings)
  if (docker) await dockerReset(settings)
  say('Stopped, and all data is deleted.')
}

async function status(settings: StackSettings): Promise<void> {
  for (const { name, state, pid, address } of await stackState(settings)) {
    say(`${name.padEnd(11)} ${state.padEnd(9)} ${String(pid ?? '').padStart(8)}  ${address}`)
  }
}

async function logs(settings: StackSettings): Promise<void> {
  const parts = [...partsOf(settings), jaegerPart(settings)]
  const files = parts.map(({ home, name }) => join(home, `${name}.log`)).filter((file) => existsSync(file))
  if (files.length === 0) return say('There are no logs yet: run make up first')
  const tail = spawn('tail', ['-n', '20', '-F', ...files], { stdio: 'inherit' })
  await new Promise((resolve) => tail.once('close', resolve))
}
