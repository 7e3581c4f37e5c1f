/**
 * Loaded into a service before its first module (`node --import`): burns half of the CPU time that the service uses, so
 * that it uses half as much again.
 */
const EVERY_MS = 5
const SHARE = 0.5

let counted = process.cpuUsage()
setInterval(() => {
  const { user, system } = process.cpuUsage(counted)
  const until = process.cpuUsage()
  const burnt = () => {
    const now = process.cpuUsage(until)
    return now.user + now.system
  }
  while (burnt() < (user + system) * SHARE);
  counted = process.cpuUsage()
}, EVERY_MS).unref()
