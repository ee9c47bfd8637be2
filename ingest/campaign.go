package ingest

import (
	"bytes"

	"github.com/footfall-go/footfall/ingest/internal/envelope"
)

// campaignNames are the parameters of a URL that make derived names, with a
// "$" before them, and the fields of context.campaign that do.
var campaignNames = [...]struct {
	parameter string
	field     envelope.Field
}{
	{"utm_source", envelope.CampaignSource},
	{"utm_medium", envelope.CampaignMedium},
	{"utm_campaign", envelope.CampaignName},
	{"utm_term", envelope.CampaignTerm},
	{"utm_content", envelope.CampaignContent},
}

// campaign adds the utm names from context.campaign, else from the query of the
// address that pageField found in a message.
func (d *deriver) campaign(address *envelope.Message, property, context envelope.Field) {
	if m := d.source(envelope.ContextCampaign); m != nil {
		found := false
		for _, c := range campaignNames {
			found = d.field("$"+c.parameter, m, c.field) || found
		}
		if found {
			return
		}
	}
	if address == nil {
		return
	}
	text := d.text(address, property, context)
	_, query, _ := bytes.Cut(text, []byte{'?'})
	query, _, _ = bytes.Cut(query, []byte{'#'})
	var found [len(campaignNames)]bool // a repeated name counts once
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte{'&'})
		key, value, _ := bytes.Cut(pair, []byte{'='})
		if len(value) == 0 || !bytes.HasPrefix(key, []byte("utm_")) {
			continue
		}
		for i, c := range campaignNames {
			if string(key) == c.parameter && !found[i] {
				found[i] = true
				d.quoted("$"+c.parameter, unescapeQuery(value))
			}
		}
	}
}
