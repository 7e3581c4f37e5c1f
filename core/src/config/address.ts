import { isIP, isIPv4 } from 'node:net'

/**
 * The only parser of addresses in settings and options. Each function throws an Error that says what to write. A host
 * has no brackets in the results; `hostPortText` adds them to an IPv6 address (RFC 3986, section 3.2.2).
 */
export type Address = { host: string; port: number }

/** `db`, `10.0.0.1`, `::1` or `[::1]`: a host without a port. */
export function parseHost(text: string): string {
  const [, inBrackets] = /^\[(.*)\]$/.exec(text) ?? []
  const host = inBrackets ?? text
  if (isIP(host) === 6 || (inBrackets === undefined && isName(host))) return host
  throw new Error('expected a host name or an IP address, without a port, such as 127.0.0.1, 0.0.0.0 or ::')
}

/** `db:5432` or `[::1]:5432`. */
export function parseAddress(text: string): Address {
  const [, host = '', digits] = /^(\[[^\]]*\]|[^:[\]]*):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits !== undefined && port >= 1 && port <= 65_535 && host !== '') {
    try {
      return { host: parseHost(host), port }
    } catch {
      // The message below is more helpful: it shows the whole form.
    }
  }
  throw new Error('expected host:port, such as db:5432; an IPv6 address is in brackets: [::1]:5432')
}

/** The form that `parseAddress` accepts. */
export function hostPortText({ host, port }: Address): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

/** The parts of a URL with one or more hosts: `mongodb://user:password@a:1,b:2/shop?tls=true`. */
export type ServerUrl = {
  scheme: string
  /** As written, with the `@`; empty if there is none. */
  credentials: string
  /** Empty if the URL names none; a port that is not given is undefined. */
  hosts: { host: string; port: number | undefined }[]
  /** From the `/`, `?` or `#` on. */
  rest: string
}

/** The URL class rejects several hosts (mongodb://a:1,b:2/db), so it cannot read the URL of a setting. */
export function parseServerUrl(text: string, schemes: readonly string[]): ServerUrl {
  const [, scheme = '', credentials = '', authority = '', rest = ''] =
    /^([a-z+]+):\/\/([^/?#]*@)?([^/?#@]*)(.*)$/.exec(text) ?? []
  // The message never repeats the text, which may contain a password.
  const expected = `expected a URL like ${schemes[0]}://host:port`
  if (!schemes.includes(scheme) || /\s/.test(text) || !isPercentEncoded(credentials))
    throw new Error(expected)
  const hosts = (authority === '' ? [] : authority.split(',')).map((each) => {
    try {
      const hasPort = each.startsWith('[') ? each.includes(']:') : each.includes(':')
      return hasPort ? parseAddress(each) : { host: parseHost(each), port: undefined }
    } catch {
      throw new Error(
        `${expected}; a port is a number from 1 to 65535, an IPv6 address is in brackets, ` +
          'and :/?#@ in a password are percent-encoded',
      )
    }
  })
  return { scheme, credentials, hosts, rest }
}

/** The inverse of `parseServerUrl`. */
export function serverUrlText({ scheme, credentials, hosts, rest }: ServerUrl): string {
  const authority = hosts.map(({ host, port }) => {
    if (port !== undefined) return hostPortText({ host, port })
    return isIP(host) === 6 ? `[${host}]` : host
  })
  return `${scheme}://${credentials}${authority.join(',')}${rest}`
}

/** The text in a form that may be logged: without passwords, also in the query. `***` if it is not a URL. */
export function maskUrl(text: string): string {
  const [, scheme] = /^([a-z+]+):\/\//.exec(text) ?? []
  if (scheme === undefined) return '***'
  try {
    const url = parseServerUrl(text, [scheme])
    return serverUrlText({
      ...url,
      credentials: url.credentials.replace(/:.*@$/, ':***@'),
      rest: url.rest.replaceAll(/([?&][^=&]*(?:pass|secret|token)[^=&]*=)[^&#]*/gi, '$1***'),
    })
  } catch {
    return '***'
  }
}

/** Whether only this machine can answer at this address. */
export function isLoopback(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.')
  return host === '::1' || /^(.+\.)?localhost\.?$/i.test(host)
}

/** Where a program on this machine reaches a server that listens on this host. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

/** Every client decodes the credentials, and fails at its first connection if it cannot. */
function isPercentEncoded(text: string): boolean {
  return !/%(?![\da-f]{2})/i.test(text)
}

/** A text of digits and dots is an IPv4 address or a mistake. */
function isName(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return isIPv4(host)
  return /^[^\s:/?#@[\],%]+$/.test(host)
}
