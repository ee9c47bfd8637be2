package stack

// Bodies of requests for the OpenAPI document, by their names. A test sends each
// of them.
var (
	trackExamples = map[string]string{
		"order": `{"event":"Order Completed","userId":"ada","messageId":"m-1","timestamp":"2024-03-01T10:00:00Z","properties":{"total":42.5,"currency":"EUR"}}`,
	}
	identifyExamples = map[string]string{
		"login": `{"userId":"ada","anonymousId":"v-1","messageId":"m-2","timestamp":"2024-03-01T10:00:00Z","traits":{"plan":"pro"}}`,
	}
	batchExamples = map[string]string{
		"two": `{"batch":[
			{"type":"page","anonymousId":"v-1","messageId":"m-3","timestamp":"2024-03-01T10:00:00Z","properties":{"url":"https://shop.example/pricing"}},
			{"type":"track","event":"Cart Added","anonymousId":"v-1","messageId":"m-4","timestamp":"2024-03-01T10:01:00Z"}
		]}`,
	}
	questionExamples = map[string]string{
		"trend": `{"kind":"trend","range":{"last":"30d"},"interval":"day","series":[{"event":"Order Completed","measure":"persons"}],
			"breakdown":{"property":"event.$country","limit":5},"compare":"previous_period"}`,
		"formula": `{"kind":"trend","range":{"from":"2024-03-01","to":"2024-04-01"},"interval":"week",
			"series":[{"event":"Order Completed"},{"event":"$page","measure":"sessions"}],"formula":"A / B"}`,
		"funnel": `{"kind":"funnel","range":{"from":"2024-03-01","to":"2024-04-01"},"window":"7d","order":"ordered","by":"person",
			"steps":[{"event":"$page","filter":{"property":"event.$path","op":"eq","value":"/pricing"}},{"event":"Cart Added"},{"event":"Order Completed"}],
			"exclude":[{"event":"Support Asked","after":1,"before":2}],"breakdown":{"property":"event.$device","attribution":"first"}}`,
		"retention": `{"kind":"retention","range":{"last":"12w"},"interval":"week","periods":8,"cohort":"first_ever","count":"on","buckets":"calendar",
			"start":{"event":"$page"},"return":{"event":"Order Completed"}}`,
		"segment": `{"kind":"segment","segment":{"and":[{"did":{"event":"$page"},"count":{"gte":3},"within":{"last":"30d"}},
			{"did":{"event":"Cart Added"},"not_then":{"event":"Order Completed"},"in":"24h"},{"property":"person.plan","op":"in","value":["pro","team"]}]}}`,
		"sessions": `{"kind":"sessions","range":{"last":"7d"},"interval":"day"}`,
		"events":   `{"kind":"events","range":{"last":"1d"},"person":"user:ada","limit":20}`,
		"persons": `{"kind":"persons","limit":50,"at":{"step":2,"outcome":"dropped"},
			"of":{"kind":"funnel","range":{"from":"2024-03-01","to":"2024-04-01"},"steps":[{"event":"$page"},{"event":"Order Completed"}]}}`,
	}
	segmentExamples = map[string]string{
		"dynamic": `{"name":"Left the cart","segment":{"did":{"event":"Cart Added"},"not_then":{"event":"Order Completed"},"in":"24h"}}`,
		"static":  `{"name":"Customers of today","segment":{"did":{"event":"Order Completed"}},"static":true}`,
	}
	replayExamples = map[string]string{
		"all":       `{"all":true}`,
		"reason":    `{"reason":"parked"}`,
		"positions": `{"positions":["1/0/7/0"]}`,
	}
	erasureExamples = map[string]string{"user": `{"tenant":"shop","person":"user:grace"}`}
)
