// Opens a page in Chromium, has it carry out the plan, and goes on to the same
// page while the last event is on its way: what an SDK has not sent by then, or
// does not know that it has, it sends from the page that comes next. The browser
// stays until standard input ends.
const { gunzipSync } = require('zlib')
const { chromium } = require('playwright-core')
const { run } = require('./plan.cjs')

run(async ({ page, executable, plan }, errors) => {
  const browser = await chromium.launch({
    executablePath: executable,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync']
  })
  const tab = await browser.newPage()
  // What the SDK's user sees. Once it is what the plan waits for, all is done.
  let done
  const told = new Promise((resolve) => { done = resolve })
  const tell = (text) => {
    errors.push(text)
    if (plan.tells && text.includes(plan.tells)) done()
  }
  await tab.exposeFunction('tell', tell)
  tab.on('pageerror', (err) => tell(String(err)))
  tab.on('console', (message) => {
    const text = message.text()
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) tell(text)
  })
  // An event is through when its request got an answer that is not to be tried
  // again.
  let through = 0
  let look = () => {}
  tab.on('response', (response) => {
    const request = response.request()
    if (plan.blind || request.method() !== 'POST' || request.url().includes('/flags') || response.status() === 429 || response.status() >= 500) return
    let body = request.postDataBuffer()
    if (body[0] === 0x1f) body = gunzipSync(body)
    through += JSON.parse(body).batch?.length ?? 1
    look()
  })
  const send = async () => {
    await tab.goto(page)
    await tab.evaluate((plan) => window.start(plan), plan)
    const made = await tab.evaluate((plan) => window.send(plan), plan)
    await new Promise((resolve) => {
      look = () => { if (!plan.tells && (plan.blind || through >= made)) resolve() }
      look()
    })
    await tab.evaluate((plan) => window.leave(plan), plan)
    await tab.goto(page)
    await tab.evaluate((plan) => window.start(plan), plan)
  }
  await Promise.race([told, send()])
  process.stdin.on('end', () => browser.close()).resume()
})
