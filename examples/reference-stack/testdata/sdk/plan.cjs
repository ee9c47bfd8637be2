// Runs what a script does with an SDK: the first argument is the plan, as
// JSON; the last line on standard output tells what the SDK's user has seen.
exports.run = async (send) => {
  const errors = []
  try {
    await send(JSON.parse(process.argv[2]), errors)
  } catch (err) {
    errors.push(String(err))
  }
  console.log(JSON.stringify({ errors }))
}
