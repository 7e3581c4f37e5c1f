import { hostPortText, maskUrl, parseAddress, parseHost, parseServerUrl, type ServerUrl } from './address.ts'
import type { Setting } from './settings.ts'

/**
 * The settings that are addresses. Each is checked when a program starts, in the form that its client accepts. Each
 * takes the default as text and the help text.
 */

/** The host on which a server listens. The value has no brackets: `::1`. */
export function listenHost(fallback: string, help: string): Setting<string> {
  return { parse: parseHost, default: fallback, help, secret: false }
}

/** One `host:port`, with brackets around an IPv6 address. An empty default makes it optional. */
export function address(fallback: string, help: string): Setting<string> {
  const parse = (text: string) => (text === '' ? '' : hostPortText(parseAddress(text)))
  return { parse, default: fallback, help, secret: false }
}

/** Several `host:port`, separated by commas; at least one. */
export function addresses(fallback: string, help: string): Setting<string[]> {
  return {
    parse: (text) => text.split(',').map((each) => hostPortText(parseAddress(each.trim()))),
    default: fallback,
    help,
    secret: false,
  }
}

/** The database is required: without it, the client would use one that has the name of the user. */
export function postgresUrl(fallback: string, help: string): Setting<string> {
  return url(fallback, help, 'postgres://user@host:port/database', {
    schemes: ['postgres', 'postgresql'],
    // Without a host, the query has it: ?host=/var/run/postgresql is a socket.
    accepts: ({ hosts, rest }) =>
      hosts.length <= 1 && hasDatabase(rest) && (hosts.length === 1 || /[?&]host=./.test(rest)),
    hint: 'with one host and the database',
  })
}

/** The database is required: without it, the client would use the database `test`. */
export function mongoUrl(fallback: string, help: string): Setting<string> {
  return url(fallback, help, 'mongodb://host:port/database', {
    schemes: ['mongodb', 'mongodb+srv'],
    accepts: ({ scheme, hosts, rest }) =>
      hasDatabase(rest) &&
      (scheme === 'mongodb' ? hosts.length > 0 : hosts.length === 1 && hosts[0]?.port === undefined),
    hint: 'with the database; mongodb:// may have several hosts (a:1,b:2), mongodb+srv:// has one host without a port',
  })
}

/** A path is the number of a database. */
export function redisUrl(fallback: string, help: string): Setting<string> {
  return url(fallback, help, 'redis://host:port', {
    schemes: ['redis', 'rediss'],
    accepts: ({ hosts, rest }) => hosts.length === 1 && /^(\/\d*)?(\?|$)/.test(rest),
    hint: 'with one host, and optionally the number of a database (redis://host:port/1)',
  })
}

/** The base address of an OTLP server, without a slash at its end; empty disables what it is for. */
export function otlpEndpoint(help: string): Setting<string> {
  return baseUrl(help, /[?#]|\/v1\/traces\/*$/, 'without /v1/traces, which is appended')
}

/** The base address of an HTTP API, without a slash at its end; empty if there is none. */
export function httpUrl(help: string): Setting<string> {
  return baseUrl(help, /[?#]/, 'without a query')
}

function baseUrl(help: string, excluded: RegExp, without: string): Setting<string> {
  const setting = url('', help, 'http://host:port', {
    schemes: ['http', 'https'],
    accepts: ({ hosts, rest }) => hosts.length === 1 && !excluded.test(rest),
    hint: `with one host, and ${without}`,
  })
  return { ...setting, parse: (text) => (text === '' ? '' : setting.parse(text).replace(/\/+$/, '')) }
}

/** Logs mask a password in the URL. */
function url(
  fallback: string,
  help: string,
  example: string,
  rules: { schemes: readonly string[]; accepts: (url: ServerUrl) => boolean; hint: string },
): Setting<string> {
  return {
    parse: (text) => {
      const expected = `expected a URL like ${example}, ${rules.hint}`
      if (!rules.accepts(parseServerUrl(text, rules.schemes))) throw new Error(expected)
      return text
    },
    default: fallback,
    help,
    secret: true,
    mask: maskUrl,
  }
}

function hasDatabase(rest: string): boolean {
  return /^\/[^/?#]+(\?|$)/.test(rest)
}
