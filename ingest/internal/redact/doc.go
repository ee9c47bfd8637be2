// Package redact takes secrets out of JSON objects before they are stored:
// values of names like password, query parameters named so, logins in
// addresses of the web, e-mail addresses, card numbers.
//
// It works on the JSON as it was written and changes nothing but the secrets,
// in whose place stands [Marker]. What it looks at is what a reader would see:
// escapes of JSON and of URLs, also one in the other, are resolved first. An
// object without secrets costs one pass and no memory.
//
// What it cannot find is a secret that nothing names and that has no form of
// its own: in a path, in a sentence, in JSON inside a text. Names themselves are
// left alone.
package redact
