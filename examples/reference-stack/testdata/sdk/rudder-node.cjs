const Analytics = require('@rudderstack/rudder-sdk-node')
const { run } = require('./plan.cjs')

run(async ({ url, key, count, bad }, errors) => {
  const done = []
  const sent = () => {
    let settle
    done.push(new Promise((resolve) => { settle = resolve }))
    return (err) => settle(err)
  }
  const analytics = new Analytics(key, {
    dataPlaneUrl: url, flushAt: 10, flushInterval: 200,
    errorHandler: (err) => errors.push(`${err.message} ${JSON.stringify(err.response?.data)}`)
  })
  if (bad) {
    analytics.track({ userId: 'undefined', event: 'Bad' }, sent())
  } else {
    for (let n = 0; n < count; n++) {
      analytics.track({ anonymousId: 'anon-1', event: 'Tick', properties: { n } }, sent())
    }
    analytics.identify({ anonymousId: 'anon-1', userId: 'user-1', traits: { plan: 'pro' } }, sent())
    analytics.page({ userId: 'user-1', name: 'Intro', properties: { url: 'https://shop.example/docs' } }, sent())
    analytics.screen({ userId: 'user-1', name: 'Home' }, sent())
    analytics.group({ userId: 'user-1', groupId: 'acme', traits: { name: 'Acme' } }, sent())
    analytics.alias({ previousId: 'anon-1', userId: 'user-1' }, sent())
  }
  await Promise.all(done)
})
