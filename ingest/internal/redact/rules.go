package redact

import "bytes"

// Config says what is secret.
type Config struct {
	// Off leaves everything but addresses of the network as it is. Defaults
	// to false.
	Off bool
	// Secret are names that are secret beside the usual ones. Case and
	// separators do not matter, here and in Allow. Defaults to none.
	Secret []string
	// Allow are names whose values are kept as they are. Defaults to none.
	Allow []string
	// Network is asked about the values of names for addresses of the network:
	// a text, or the JSON of an object or array. It returns whether the value
	// may not stay, and what comes in its place, nothing for "no value". What
	// it returns it must let pass. Defaults to: all may stay.
	Network func(value []byte) (instead string, change bool)
}

// Rules say which names are secret. They are immutable.
type Rules struct {
	names   map[string]class
	off     bool
	network func(value []byte) (instead string, change bool)
}

// class is what a name means, as a set of bits.
type class uint16

const (
	property  class = 1 << iota // its value is secret
	parameter                   // its value is secret in a query
	address                     // it is secret as an e-mail address
	allowed                     // its value is not looked at
	network                     // its value is an address of the network
	counted                     // a plural: a number says only how many
	stem                        // other words may stand behind it
	labels                      // its value may be the name of the value beside it
	valued                      // its value may have its name beside it
)

// NewRules returns the usual rules with what the configuration adds.
func NewRules(config Config) *Rules {
	r := &Rules{names: map[string]class{}, off: config.Off, network: config.Network}
	for name := range bytes.FieldsSeq([]byte(labelNames)) {
		r.names[string(name)] |= labels
	}
	for name := range bytes.FieldsSeq([]byte(valueNames)) {
		r.names[string(name)] |= valued
	}
	if !config.Off {
		for _, d := range defaults {
			for name := range bytes.FieldsSeq([]byte(d.names)) {
				r.names[string(name)] |= d.class
			}
		}
		for _, name := range config.Secret {
			r.names[string(plain(nil, []byte(name)))] = property | parameter
		}
		for _, name := range config.Allow {
			r.names[string(plain(nil, []byte(name)))] = allowed
		}
	}
	if config.Network != nil {
		for name := range bytes.FieldsSeq([]byte(networkNames)) {
			if r.names[string(name)]&property == 0 {
				r.names[string(name)] = network // also where it is allowed: that is about secrets
			}
		}
	}
	return r
}

// maxName bounds the names that are looked at; of longer ones it is the end.
const maxName = 64

// class finds out what a name means.
func (r *Rules) class(name []byte) class {
	var buf [2 * maxName]byte
	text := plain(buf[:0], name)
	if len(text) > maxName {
		text = text[len(text)-maxName:]
	}
	for rest := text; ; {
		if c, ok := r.names[string(rest)]; ok {
			return c
		}
		n := len(rest)
		if rest = bytes.TrimRight(rest, "0123456789"); len(rest) == n {
			break
		}
	}
	if r.off {
		return 0
	}
	if c := r.word(text); c != 0 {
		return c
	}
	if one, ok := bytes.CutSuffix(text, []byte{'s'}); ok {
		if c := r.word(one); c != 0 {
			return c | counted
		}
	}
	for rest := text; ; {
		c, carrier := r.carried(rest)
		switch {
		case c != 0:
			return c
		case carrier == 0:
			return anywhere(text)
		}
		rest = rest[:len(rest)-carrier]
	}
}

// word returns what a name means whose last word is the secret.
func (r *Rules) word(text []byte) class {
	text = bytes.TrimRight(text, "0123456789")
	if c := r.names[string(text)]; c&stem != 0 {
		return c
	}
	for i := range endings {
		if bytes.HasSuffix(text, []byte(endings[i].text)) {
			return endings[i].class
		}
	}
	return 0
}

// ending is [Rules.word] of a name as it was written.
func (r *Rules) ending(name []byte) class {
	var buf [2 * maxName]byte
	return r.word(plain(buf[:0], name))
}

// carried returns what a name means behind whose secret stands a word that says
// in which form it is there, and the length of that word.
func (r *Rules) carried(text []byte) (c class, carrier int) {
	n := len(text)
	text = bytes.TrimRight(text, "0123456789")
	for i := range carriers {
		if !bytes.HasSuffix(text, []byte(carriers[i].text)) {
			continue
		}
		carrier = len(carriers[i].text)
		rest := text[:len(text)-carrier]
		if c = r.word(rest); c == 0 {
			if one, ok := bytes.CutSuffix(rest, []byte{'s'}); ok {
				c = r.word(one)
			}
		}
		if c&address != 0 && !carriers[i].address {
			c = 0
		}
		return c, carrier + n - len(text)
	}
	return 0, 0
}

// anywhere finds passwords that are named in the midst of a name, unless that
// ends with what is no password: its length, when it was changed.
func anywhere(text []byte) class {
	for _, word := range [...]string{"password", "passwd", "passphrase"} {
		_, behind, ok := bytes.Cut(text, []byte(word))
		if !ok {
			continue
		}
		for i := range harmlessEnds {
			if bytes.HasSuffix(behind, []byte(harmlessEnds[i])) {
				return 0
			}
		}
		return property | parameter
	}
	return 0
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }
func digit(c byte) bool  { return c-'0' <= 9 }
