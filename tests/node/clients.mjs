// The official SDKs, unmodified, behind one face.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

export function current (writeKey, host, failed) {
  const { Analytics } = require('@segment/analytics-node')
  // Retries long enough for a restart: the preset gives up within two seconds.
  const client = new Analytics({ writeKey, host, flushAt: 5, flushInterval: 200, maxRetries: 60 })
  client.on('error', error => failed.push(String(error.reason ?? error.code ?? error)))
  return {
    call: (name, message) => client[name](message),
    finish: () => client.closeAndFlush({ timeout: 60000 })
  }
}

export function old (writeKey, host, failed) {
  const Analytics = require('analytics-node')
  const client = new Analytics(writeKey, {
    host,
    flushAt: 5,
    flushInterval: 200,
    retryCount: 60,
    axiosRetryConfig: { retryDelay: () => 250 },
    errorHandler: error => failed.push(String(error))
  })
  const waiting = []
  return {
    call: (name, message) => waiting.push(new Promise(resolve => client[name](message, resolve))),
    finish: async () => {
      await client.flush()
      await Promise.all(waiting)
    }
  }
}
