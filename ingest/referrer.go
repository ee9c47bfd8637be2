package ingest

import (
	"bytes"

	"github.com/footfall-go/footfall/ingest/internal/envelope"
)

// The kinds of source that $referrer_source tells apart.
const (
	direct    = "direct"    // the page has no referrer
	internal  = "internal"  // a page of the same host
	search    = "search"    // a search engine
	social    = "social"    // a network or forum
	mail      = "mail"      // somebody's mailbox in the browser
	assistant = "assistant" // a language model that answers with links
	referral  = "referral"  // any other page
)

// referrer adds $referrer, the host it is of and what kind of source that is.
// Who came to a page from nowhere came directly, but only a browser can tell:
// a server that says nothing of it does not know. Url is the message that has
// the address of the page, nil if there is none.
func (d *deriver) referrer(page bool, url *envelope.Message) {
	from := d.pageField("$referrer", envelope.PropertyReferrer, envelope.PageReferrer, page)
	if from == nil {
		if url != nil && (d.s.sender().browser || page && d.empty(d.own, envelope.PropertyReferrer) ||
			d.empty(d.source(envelope.ContextPage), envelope.PageReferrer)) {
			d.quoted("$referrer_source", []byte(direct))
		}
		return
	}
	var a, b [maxHost]byte
	host := hostOf(a[:0], d.text(from, envelope.PropertyReferrer, envelope.PageReferrer))
	if len(host) == 0 {
		return
	}
	source := sourceOf(host)
	if url != nil && bytes.Equal(host, hostOf(b[:0], d.text(url, envelope.PropertyURL, envelope.PageURL))) {
		source = internal
	}
	d.quoted("$referrer_domain", host)
	d.quoted("$referrer_source", []byte(source))
}

// empty reports whether a message has the empty text for a field.
func (d *deriver) empty(m *envelope.Message, f envelope.Field) bool {
	return m != nil && d.s.decoder.Kind(m, f) == envelope.String && len(d.s.decoder.Raw(m, f)) == 2
}

const maxHost = 253

// hostOf appends the host of an absolute URL to dst, which is empty and has
// room for it: in lower case, without port and without the "www." that means
// nothing. It returns nothing for what has no host.
func hostOf(dst, url []byte) []byte {
	_, rest, ok := bytes.Cut(url, []byte("://"))
	if !ok {
		return nil
	}
	if i := bytes.IndexAny(rest, "/?#\\"); i >= 0 {
		rest = rest[:i]
	}
	if i := bytes.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	if i := bytes.LastIndexByte(rest, ':'); i >= 0 && bytes.IndexByte(rest[i:], ']') < 0 {
		rest = rest[:i]
	}
	rest = bytes.TrimSuffix(rest, []byte{'.'})
	if len(rest) > maxHost {
		return nil
	}
	for _, c := range rest {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	if host, ok := bytes.CutPrefix(dst, []byte("www.")); ok && bytes.IndexByte(host, '.') > 0 {
		return host
	}
	return dst
}

// sourceOf looks a host up, then the domains it is part of: mail.google.com is
// found before google.com, and m.facebook.com as facebook.com.
func sourceOf(host []byte) string {
	for name := host; ; {
		if source := knownSource(name); source != "" {
			return source
		}
		label, rest, more := bytes.Cut(name, []byte{'.'})
		if !more {
			return referral
		}
		if source := worldwide(label); source != "" && ofCountry(rest) {
			return source
		}
		name = rest
	}
}

// worldwide are names that have a domain in every country.
func worldwide(label []byte) string {
	switch string(label) {
	case "google", "yahoo", "yandex":
		return search
	case "pinterest":
		return social
	}
	return ""
}

// ofCountry reports whether a domain is one of those that countries give names
// in: "de", "co.uk", "com.br".
func ofCountry(domain []byte) bool {
	if first, rest, ok := bytes.Cut(domain, []byte{'.'}); ok {
		return (string(first) == "co" || string(first) == "com") && len(rest) == 2
	}
	return len(domain) == 2
}

// knownSource is the table. It has what many sites see, not all there is: the
// rest is a referral, and $referrer_domain tells which.
func knownSource(host []byte) string {
	switch string(host) {
	case "google.com", "bing.com", "duckduckgo.com", "yahoo.com", "yandex.com", "ya.ru", "baidu.com", "ecosia.org", "startpage.com",
		"qwant.com", "search.brave.com", "kagi.com", "naver.com", "daum.net", "seznam.cz", "sogou.com", "so.com", "ask.com", "search.aol.com",
		"swisscows.com", "mojeek.com", "presearch.com", "lite.duckduckgo.com", "com.google.android.googlequicksearchbox":
		return search
	case "facebook.com", "fb.com", "fb.me", "messenger.com", "instagram.com", "threads.net", "threads.com", "t.co", "twitter.com", "x.com",
		"linkedin.com", "lnkd.in", "reddit.com", "redd.it", "pinterest.com", "pin.it", "youtube.com", "youtu.be", "tiktok.com", "snapchat.com",
		"whatsapp.com", "wa.me", "telegram.org", "t.me", "discord.com", "bsky.app", "mastodon.social", "tumblr.com", "quora.com", "medium.com",
		"news.ycombinator.com", "lobste.rs", "vk.com", "ok.ru", "weibo.com", "xing.com", "twitch.tv", "com.linkedin.android", "com.reddit.frontpage",
		"com.facebook.katana", "com.instagram.android", "org.telegram.messenger", "com.twitter.android":
		return social
	case "mail.google.com", "outlook.live.com", "outlook.office.com", "outlook.office365.com", "mail.yahoo.com", "mail.proton.me", "mail.yandex.ru",
		"mail.yandex.com", "e.mail.ru", "mail.aol.com", "mail.163.com", "mail.qq.com", "icloud.com", "fastmail.com", "mail.zoho.com", "com.google.android.gm":
		return mail
	case "chatgpt.com", "chat.openai.com", "perplexity.ai", "claude.ai", "gemini.google.com", "bard.google.com", "copilot.microsoft.com",
		"chat.deepseek.com", "chat.mistral.ai", "grok.com", "meta.ai", "poe.com", "you.com", "com.openai.chatgpt":
		return assistant
	}
	return ""
}
