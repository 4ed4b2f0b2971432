// Arguments: generation of the SDK (current, old), address of the server, write key, what to say, how often.
import * as clients from './clients.mjs'
import * as say from './say.mjs'

const [generation, host, key, what, count] = process.argv.slice(2)
const failed = []
const client = clients[generation](key, host, failed)
await say[what](client, Number(count))
await client.finish()
if (failed.length) {
  console.error(failed.join('\n'))
  process.exitCode = 1
}
