const { Analytics } = require('@segment/analytics-node')
const { run } = require('./plan.cjs')

run(async ({ url, key, count, bad }, errors) => {
  const analytics = new Analytics({ writeKey: key, host: url, flushAt: 10, flushInterval: 200 })
  analytics.on('error', (err) => errors.push(`${err.code} ${err.reason?.message ?? err.reason}`))
  if (bad) {
    analytics.track({ userId: 'undefined', event: 'Bad' })
  } else {
    for (let n = 0; n < count; n++) {
      analytics.track({ anonymousId: 'anon-1', event: 'Tick', properties: { n } })
    }
    analytics.identify({ anonymousId: 'anon-1', userId: 'user-1', traits: { plan: 'pro' } })
    analytics.page({ userId: 'user-1', name: 'Intro', properties: { url: 'https://shop.example/docs' } })
    analytics.screen({ userId: 'user-1', name: 'Home' })
    analytics.group({ userId: 'user-1', groupId: 'acme', traits: { name: 'Acme' } })
    analytics.alias({ previousId: 'anon-1', userId: 'user-1' })
  }
  await analytics.closeAndFlush({ timeout: 60000 })
})
