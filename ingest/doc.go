// Package ingest is the door that events come in by: an [http.Handler] for
// everything below /v1/ that speaks the HTTP API of Segment, and those of
// RudderStack and PostHog on a few more paths, so that the SDKs a product already
// has need a new host name and nothing else.
//
//	door, err := ingest.New(ingest.Config{Log: log, Auth: keys})
//	...
//	mux.Handle("/v1/", door)
//
// A request is answered with 2xx only after its events are in the log, and
// every event that is refused is named, with one of the [Code] values and a
// sentence. A batch keeps its good events; a request with nothing usable gets
// 400. The codes matter to SDKs: they send 503 and 429 again with unchanged
// message ids and give up on 400.
//
// # What the door accepts
//
// The messages track, page, screen, identify, group and alias, one by one or in
// a batch, as JSON in any of the content types SDKs label it with, plain or
// compressed with gzip or zstd. The write key comes as the user of HTTP Basic,
// as a bearer token, as writeKey in the query or as writeKey in the body. Where
// the format leaves room, the door decides like this:
//
//   - userId, anonymousId, previousId and groupId are texts of at most 512
//     bytes; a JSON integer counts as its digits. An empty text is no id: beside
//     another id it is ignored, alone it is refused. So are the placeholders
//     that broken integrations send (see the list in the source).
//   - A track may have any name but $page, $screen, $identify, $group, $alias
//     and $other, which the door gives itself: those are refused. [Handler.Track]
//     and imports are held to it too. On PostHog's paths $identify and the like
//     are no names but kinds of messages, see below.
//   - An alias without previousId takes its anonymousId. It needs a userId.
//   - timestamp, else originalTimestamp, is RFC 3339 with the variants listed
//     at the envelope's ParseTime, or an integer of milliseconds since 1970.
//     A sentAt that cannot be read is ignored: it only serves to find clocks
//     that run ahead.
//   - name and category of page and screen become properties unless those have
//     them. Identify and group keep their traits as properties; identify takes
//     context.traits if it has no traits of its own, which say nothing on
//     other messages.
//   - A group has a type: the trait groupType of its message, a text of at most
//     100 bytes without a dot, else "group". Its id is the derived name
//     $group_id. A group message says what the group is like and that its user,
//     without one its visitor, is in it. Other events name their own groups in
//     context.groups, an object of ids by types, or one of the type "group" in
//     context.groupId; these are the derived names $groups.TYPE. An event that
//     names none belongs to the group its person was last said to be in.
//   - The empty array that PHP makes of an empty object is taken for one.
//   - A message without messageId gets a random one and cannot be recognised
//     when it is sent again.
//   - Unknown names in a message are allowed and not kept.
//   - A batch's context and integrations are those of each message where the
//     message has no value of its own for a name. Integrations, which say what
//     is to go on to whom, stay in the event as a member of its context.
//
// # Browsers
//
// A page may read every answer, also why it was refused, and how long it is to
// wait. A preflight carries no key: it is answered for the origins of all
// tenants, which [Config].Origins knows, with whatever headers it asks for; the
// request itself is held to those of its own tenant.
//
// # RudderStack's SDKs
//
// They send the same messages to the same paths. In browsers they also ask for
// a source's configuration and send beacons, on the paths of [RudderPaths]; an
// SDK is given the host both as its data plane and as its configuration URL.
//
// # PostHog's SDKs
//
// On the paths of [PostHogPaths] the handler takes what PostHog's SDKs send,
// whose project key is then a write key. Their events become the messages
// above: a distinct_id is a user or a visitor, $identify, $set and $set_once
// are identify, $groupidentify is group, $create_alias is alias, $pageview is
// page; uuid is the message id. Feature flags, surveys and recordings are
// answered with none. The package comment of internal/posthog has the table.
// Where another sender gets 429, these get 503: posthog-js gives up on every
// status from 400 to 499.
//
// # The host's own events
//
// What the server itself knows, [Handler.Track] takes as Go values, through the
// same checks and with the same limits:
//
//	err := door.Track(ctx, shop, ingest.Message{
//		Event: "Order Completed", UserID: "u-17", MessageID: "order-4711",
//		Properties: map[string]any{"total": 99.5, "currency": "EUR"},
//	})
//
// A [*RefusedError] says which messages will never do; any other error that is
// not permanent may pass.
//
// # Limits
//
// A tenant's [tenant.Limits] bound what it sends: events a second with a burst,
// and events a day. A request is taken whole or not at all. One that is too
// much gets 429 with Retry-After, and SDKs send it again with unchanged ids;
// RateLimit and RateLimit-Policy tell on every answer what is left, in events.
// All messages of a request count, the refused and the repeated included. A
// tenant with nothing left is refused before its body is read. Imports are the
// operator's and not limited. [Config.Plan] adds the product's own rules.
//
// Memory is bounded whatever comes: a request is charged for its bytes as they
// come, up to [Config.MaxInFlight] in total and a quarter of it for one tenant.
// Who is over that gets 503 and comes back; nobody else notices.
//
// # Derived names
//
// Queries see these beside an event's own properties. A name is missing where
// its value is not known. It is the door's alone: a property or trait of the same
// name stays in the event as it was sent, but is not looked up; $unflattened
// lists it, and [Counts].Claimed counts it. So nobody passes for no bot, or from
// another country, by saying so: what a sender knows goes into the context. Other
// names with "$" are free, and $browser, $browser_version and $os count where
// there is no user agent to find them out from.
//
//   - $url, $path and $referrer come from the properties of a page, else from
//     context.page; $path also from the URL. $referrer_domain is the referrer's
//     host without "www.". $referrer_source is search, social, mail, assistant
//     (a language model), internal (the page's own host), referral (any other)
//     or direct (none).
//   - $utm_source, $utm_medium, $utm_campaign, $utm_term and $utm_content come
//     from context.campaign, else from the query of the URL.
//   - $browser, $browser_version, $os, $os_version and $device (desktop,
//     mobile, tablet, tv or console) come from context.userAgent, else from the
//     header if a browser sends: that of a server's SDK is not its visitor's.
//     context.os and context.userAgentData fill in what that leaves open. $bot
//     is true for a bot and missing for everybody else, so that "is_not_set" or
//     "ne true" leaves bots out. Bots are accepted and counted like anybody.
//   - $ip, $country, $region and $city are about the address of the visitor. A
//     browser, and an app that sends a context.device, has the address that the
//     request comes from, through [Config].TrustedProxies; context.ip counts
//     for all others, and 0.0.0.0 there says that nobody should know.
//   - $locale is context.locale, else the language a browser asks for;
//     $timezone, $screen_width, $screen_height, $app_version and $library are
//     context.timezone, screen, app.version and library.name.
//   - $interactive is false for an event that is non-interactive, by its name or
//     by its property nonInteraction: see [tenant.Session].
//
// # Addresses
//
// What a tenant keeps of addresses is [tenant.Settings].IP: by default their
// networks, /24 and /48. It is applied to $ip, and in context, properties and
// traits to whatever is named ip, $ip, client_ip, ip_address, remote_addr,
// x_forwarded_for or so, at any depth, also in JSON in a text and in the query of
// an address, before anything is written anywhere; places are looked up before
// that. Case and separators of a name do not matter. A value that is no address
// but has one in it, a list of them for example, becomes null. Under other names
// nothing is taken for an address: 10.0.0.1 may be a version.
//
// # What is not stored
//
// Passwords, tokens, one-time codes, e-mail addresses and card numbers are taken
// out of properties, context and derived names before anything is logged, and
// "[redacted]" stands in their place, in JSON, in JSON in a text and in the query
// of an address alike. [tenant.Redact] has the rules, and a tenant's say in them. Identify and
// group keep the e-mail addresses of their traits. Nothing looks into ids, names
// of events and names of properties, nor into the path of an address: do not
// send secrets there.
//
// # Too many names
//
// A name is for many events. Where a tenant makes a new one each time, by mistake
// or because somebody else has its public key, its [tenant.Caps] end that without
// refusing anything. Further events are called $other, their own name being
// $event_name; further properties, and values that are too long, stay in the
// event as they are but are not looked up by name: $unflattened lists them. The
// names in use are learnt from the start of the process, so that after a restart
// others may come first. [Handler.Counts] tells how often a cap was met.
//
// # Imports and unlinking
//
// POST /v1/import takes the same messages one a line, for the holder of the
// admin key, and remembers how far a named import has come once its rows are
// durable; GET tells. Rows need a messageId, so that a row sent twice is one
// event; clocks are not corrected. POST /v1/unlink ends the link of a visitor to
// a user and takes the secret key.
package ingest
