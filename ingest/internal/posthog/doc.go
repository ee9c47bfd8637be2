// Package posthog turns the requests of PostHog's SDKs into the envelope that
// the door reads, so that everything behind the decoding is one path: the same
// checks, the same enrichment, the same log.
//
// It follows what posthog-js 1.449 and posthog-node 5.70 send and what
// PostHog's capture service accepts. Names on the left are theirs:
//
//	distinct_id             a user, if $is_identified says so or nothing says
//	                        otherwise; a visitor, if $is_identified or
//	                        $process_person_profile is false
//	$device_id              the visitor of an identified browser event
//	$identify, $set         identify; $anon_distinct_id is the visitor
//	$set, $set_once on      a second message, identify, with the message id of
//	another event           the event and "/set" behind it
//	$create_alias, $merge…  alias: their alias is our previousId
//	$set_once               the trait $set_once, whose members stay as they
//	                        were first said
//	$groupidentify          group: $group_key and $group_set, with $group_type as
//	                        the trait groupType
//	$pageview, $screen      page and screen
//	anything else           track, under its own name
//	uuid, else $insert_id   messageId
//	timestamp, offset       timestamp
//	sent_at                 sentAt
//	$current_url, $referrer, $raw_user_agent, $timezone, $browser_language,
//	$screen_width, $ip, $lib, $groups, utm_…      the context
//
// A server's SDK does not say whether a distinct_id is a user's. It is taken
// for one, as posthog-node's documentation tells people to send; a server that
// passes a browser's anonymous id on sets $process_person_profile to false.
// After posthog.reset() a browser keeps its $device_id and takes a new
// distinct_id: that id is the visitor until the next identify links it. Events
// behind that carry the device again, which is another visitor, so that the
// session is cut there, where a user logs in behind one who logged out. It could
// go on only if the device were the visitor throughout; but the device belongs to
// the user before, whose then everything up to the login would be.
//
// A property that went into the context does not stay among the properties, and
// neither does what the SDKs say about themselves. Nothing here refuses an
// event: what cannot be turned into a message is handed on as it is, for the
// door to name what is wrong with it.
package posthog
