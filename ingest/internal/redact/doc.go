// Package redact takes secrets out of JSON objects before they are stored:
// values of names like password, query parameters named so, what stands beside
// such a name in {"name":"password","value":"x"}, what a sentence calls so
// ("password: x", where it is not about passwords), logins in addresses of the
// web, bearer tokens, e-mail addresses, card numbers. Addresses
// of the network, which it knows by the names of their values, it shortens or
// drops as it is told.
//
// It works on the JSON as it was written and changes nothing but the secrets,
// in whose place stands [Marker]. What it looks at is what a reader would see:
// escapes of JSON, URLs and HTML, also one in the other, are resolved first, wide
// letters and invisible characters are taken for what they look like, and JSON in
// a text is read like that around it. An object without secrets costs one pass
// and no memory.
//
// What it cannot find is a secret that nothing names and that has no form of
// its own: in a path, in a sentence that only speaks of it, like "password is x".
// Names themselves are left alone.
package redact
