package ingest

import (
	"fmt"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/footfall-go/footfall/internal/problem"
)

var jsonType = []string{"application/json"}

// success answers with what was accepted and what was not.
func (s *request) success() int {
	if s.origins != nil && s.r.URL.Query().Get("beacon") == "1" {
		// PostHog's answer to who does not listen.
		s.w.WriteHeader(http.StatusNoContent)
		return http.StatusNoContent
	}
	b := append(s.answer[:0], '{')
	if s.origins != nil {
		b = append(b, `"status":"Ok",`...) // for PostHog's SDKs
	}
	b = append(b, `"success":true,"accepted":`...)
	b = strconv.AppendInt(b, int64(s.accepted), 10)
	b = append(b, `,"rejected":[`...)
	for i := range s.rejected {
		r := &s.rejected[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"index":`...)
		b = strconv.AppendInt(b, int64(s.place(r)), 10)
		b = append(b, `,"messageId":`...)
		b = appendQuoted(b, r.messageID[:min(len(r.messageID), 4*maxMessageID)])
		b = append(append(append(b, `,"code":"`...), r.code...), `","message":`...)
		b = appendQuoted(b, r.message)
		b = append(b, '}')
	}
	b = append(b, ']')
	if s.parked > 0 {
		b = strconv.AppendInt(append(b, `,"parked":`...), int64(s.parked), 10)
	}
	if len(s.dropped) > 0 {
		b = append(b, `,"dropped":[`...) // only where a plan samples
		for i := range s.dropped {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(append(b, `{"index":`...), int64(s.place(&s.dropped[i])), 10)
			b = append(appendQuoted(append(b, `,"messageId":`...), s.dropped[i].messageID), '}')
		}
		b = append(b, ']')
	}
	b = append(b, "}\n"...)
	s.answer = b
	s.w.Header()["Content-Type"] = jsonType
	_, _ = s.w.Write(b) // the events are in the log whether the sender hears of it or not
	return http.StatusOK
}

// place returns where in the request a refused message stood.
func (s *request) place(r *rejection) int {
	if r.index < len(s.origins) {
		return s.origins[r.index]
	}
	return r.index
}

// nothingUsable names every message of a request none of which was accepted.
func (s *request) nothingUsable(prefix string) problem.Problem {
	p := problem.Problem{Title: "No event accepted", Status: http.StatusBadRequest, Detail: s.rejected[0].message}
	if prefix != "" && len(s.rejected) > 1 {
		p.Detail = fmt.Sprintf("all %d messages were refused", len(s.rejected))
	}
	for i := range s.rejected {
		r := &s.rejected[i]
		path := prefix
		if prefix != "" {
			path += "/" + strconv.Itoa(s.place(r))
		}
		if field := r.field.String(); field != "" {
			path += "/" + field
		}
		p.Errors = append(p.Errors, problem.Error{Path: path, Code: string(r.code), Message: r.message})
	}
	return p
}

// appendQuoted appends a text as a JSON string. Bytes that are no UTF-8 become
// U+FFFD.
func appendQuoted[T []byte | string](b []byte, text T) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(string(text[i:min(i+utf8.UTFMax, len(text))]))
			b = utf8.AppendRune(b, r)
			i += size
			continue
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
		i++
	}
	return append(b, '"')
}
