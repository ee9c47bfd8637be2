package posthog

import (
	"encoding/json"
	"maps"
	"strings"
)

// inContext says where in a context a property belongs: an object and a name
// in it, or the name alone.
var inContext = map[string][2]string{
	"$current_url": {"page", "url"}, "$pathname": {"page", "path"}, "$referrer": {"page", "referrer"},
	"$search_engine": {"page", "searchEngine"},
	"$screen_width":  {"screen", "width"}, "$screen_height": {"screen", "height"},
	"utm_source": {"campaign", "source"}, "utm_medium": {"campaign", "medium"}, "utm_campaign": {"campaign", "name"},
	"utm_term": {"campaign", "term"}, "utm_content": {"campaign", "content"},
	"$lib": {"library", "name"}, "$lib_version": {"library", "version"},
	"$os_name": {"os", "name"}, "$os_version": {"os", "version"}, "$app_version": {"app", "version"}, "$app_name": {"app", "name"},
	"$device_manufacturer": {"device", "manufacturer"}, "$device_model": {"device", "model"}, "$device_name": {"device", "name"},
	"$raw_user_agent": {"", "userAgent"}, "$user_agent": {"", "userAgent"}, "$timezone": {"", "timezone"},
	"$browser_language": {"", "locale"}, "$locale": {"", "locale"}, "$ip": {"", "ip"}, "$groups": {"", "groups"},
}

// contextOf takes out of the properties what the door looks for in a context.
func contextOf(properties object) object {
	context, nested := object{}, map[string]object{}
	for name, at := range inContext {
		raw, ok := properties[name]
		if !ok {
			continue
		}
		delete(properties, name)
		if isNull(raw) || string(raw) == `"$direct"` {
			continue
		}
		to := context
		if at[0] != "" {
			if nested[at[0]] == nil {
				nested[at[0]] = object{}
			}
			to = nested[at[0]]
		}
		to[at[1]] = raw
	}
	for name, o := range nested {
		context.put(name, o)
	}
	return context
}

// aboutItself are properties that tell of the SDK and not of the visitor, and
// those that the message has in a place of its own.
var aboutItself = map[string]bool{
	"token": true, "distinct_id": true, "$distinct_id": true, "$insert_id": true, "$time": true, "$device_id": true, "$user_id": true,
	"$config_defaults": true, "$initialization_time": true, "$configured_session_timeout_ms": true, "$sdk_dist_channel": true,
	"$process_person_profile": true, "$is_identified": true, "$is_server": true, "$geoip_disable": true, "$recording_status": true,
	"$timezone_offset": true, "$browser_language_prefix": true, "$referring_domain": true, "$host": true, "$anon_distinct_id": true,
	"$active_feature_flags": true, "$feature_flag_payloads": true, "timestamp": true,
}

// fromAgent are what the door finds out from a user agent, by the same rules
// for all SDKs. Without a user agent they are worth keeping.
var fromAgent = map[string]bool{
	"$browser": true, "$browser_version": true, "$browser_type": true, "$os": true, "$device_type": true,
}

// tidy drops what needs no place among the properties.
func tidy(properties, context object) object {
	agent := context["userAgent"] != nil
	maps.DeleteFunc(properties, func(name string, _ json.RawMessage) bool {
		return aboutItself[name] || agent && fromAgent[name] ||
			strings.HasPrefix(name, "$sdk_debug_") || strings.HasPrefix(name, "$lib_") ||
			strings.HasPrefix(name, "$session_entry_") || strings.HasPrefix(name, "$") && strings.HasSuffix(name, "_server_side")
	})
	return properties
}
