package ingest

import (
	"bytes"

	"github.com/footfall-go/footfall"
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
// address that pageField found in a message. Where sessions are cut by them, the
// event's tag tells one campaign from another.
func (d *deriver) campaign(address *envelope.Message, property, context envelope.Field) {
	var values [len(campaignNames)][]byte // of the names that were found
	found := d.namedCampaign(&values) || address != nil && d.campaignOf(d.text(address, property, context), &values)
	if found && d.s.event.Marks&footfall.ByCampaign != 0 {
		// In one order, however the sender had them.
		d.s.event.Tag = tagOf(bytes.Join(values[:], []byte{0}))
	}
}

// namedCampaign adds the names that context.campaign has.
func (d *deriver) namedCampaign(values *[len(campaignNames)][]byte) bool {
	m, found := d.source(envelope.ContextCampaign), false
	if m == nil {
		return false
	}
	for i, c := range campaignNames {
		if !d.field("$"+c.parameter, m, c.field) {
			continue
		}
		found = true
		if d.s.event.Marks&footfall.ByCampaign != 0 {
			values[i], _ = d.s.decoder.AppendText(nil, m, c.field)
		}
	}
	return found
}

// campaignOf adds the names that the query of an address has. A repeated one
// counts once.
func (d *deriver) campaignOf(address []byte, values *[len(campaignNames)][]byte) (found bool) {
	_, query, _ := bytes.Cut(address, []byte{'?'})
	query, _, _ = bytes.Cut(query, []byte{'#'})
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte{'&'})
		key, value, _ := bytes.Cut(pair, []byte{'='})
		if len(value) == 0 || !bytes.HasPrefix(key, []byte("utm_")) {
			continue
		}
		for i, c := range campaignNames {
			if string(key) == c.parameter && values[i] == nil {
				found = true
				values[i] = unescapeQuery(value)
				d.quoted("$"+c.parameter, values[i])
			}
		}
	}
	return found
}
