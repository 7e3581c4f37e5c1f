import { networkInterfaces } from 'node:os'

/** Whether this machine has the IPv6 loopback; some containers do not. */
export const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
)
