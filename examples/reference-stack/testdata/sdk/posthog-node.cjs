const { PostHog } = require('posthog-node')
const { run } = require('./plan.cjs')

run(async ({ url, key, count, bad }, errors) => {
  const posthog = new PostHog(key, { host: url, flushAt: 10, maxBatchSize: 10, flushInterval: 200, fetchRetryDelay: 200 })
  posthog.on('error', (err) => errors.push(String(err)))
  if (bad) {
    posthog.capture({ distinctId: 'undefined', event: 'Bad' })
  } else {
    for (let n = 0; n < count; n++) {
      posthog.capture({ distinctId: 'user-1', event: 'Tick', properties: { n } })
    }
    posthog.identify({ distinctId: 'user-1', properties: { plan: 'pro', $set_once: { first: 'yes' } } })
    posthog.groupIdentify({ groupType: 'company', groupKey: 'acme', properties: { name: 'Acme' }, distinctId: 'user-1' })
    posthog.alias({ distinctId: 'user-1', alias: 'device-1' })
    // Flags are asked for before a page is drawn: no answer would be an outage.
    const flags = await posthog.getAllFlags('user-1')
    if (Object.keys(flags).length > 0) errors.push(`flags: ${JSON.stringify(flags)}`)
  }
  await posthog.shutdown(60000)
})
