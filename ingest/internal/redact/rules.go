package redact

import (
	"bytes"
	"strings"
)

// Rules say which names are secret. They are immutable.
type Rules struct {
	names map[string]class
	// The last three letters of endings, and those of names with the first:
	// nearly all names of a message are passed over by them.
	endingTails, nameTails tails
}

// class is what a name means, as a set of bits.
type class uint8

const (
	property  class = 1 << iota // its value is secret
	parameter                   // its value is secret in a query
	address                     // it is secret as an e-mail address
	allowed                     // its value is not looked at
)

// defaults are names without case, separators and digits behind.
var defaults = []struct {
	class class
	names string
}{
	{property | parameter, "code otp passcode auth authorization jwt bearer credentials signature sig cardnumber creditcard creditcardnumber ccnumber cvv cvc ssn"},
	{parameter, "key session sessionid sid jsessionid phpsessid"},
	{property | parameter | address, "mail mailto emailaddress"},
	{allowed, "groupid"}, // an id, whatever it looks like
}

// endings make every name secret that ends in one, as user_email does.
var endings = []struct {
	class class
	text  string
}{
	{property | parameter, "token"},
	{property | parameter, "password"},
	{property | parameter, "passwd"},
	{property | parameter, "passphrase"},
	{property | parameter, "pwd"},
	{property | parameter, "secret"},
	{property | parameter, "apikey"},
	{property | parameter, "secretkey"},
	{property | parameter, "privatekey"},
	{property | parameter, "accesskey"},
	{property | parameter, "passwordconfirmation"},
	{property | parameter | address, "email"},
}

// NewRules returns the default rules with names that are secret as well and
// names whose values are to be kept as they are. Case and separators do not
// matter.
func NewRules(secret, allow []string) *Rules {
	r := &Rules{names: map[string]class{}}
	add := func(name string, c class) {
		r.names[name] = c
		r.nameTails.add(whole([]byte(name), tail([]byte(name))))
	}
	for _, d := range defaults {
		for name := range strings.FieldsSeq(d.names) {
			add(name, d.class)
		}
	}
	for _, e := range endings {
		r.endingTails.add(tail([]byte(e.text)))
	}
	for _, name := range secret {
		add(string(plain(nil, []byte(name))), property|parameter)
	}
	for _, name := range allow {
		add(string(plain(nil, []byte(name))), allowed)
	}
	return r
}

// maxName bounds the names that are looked at; of longer ones it is the end.
const maxName = 64

// class finds out what a name means.
func (r *Rules) class(name []byte) class {
	t := tail(name)
	if t == mixed || r.endingTails.has(t) || r.nameTails.has(whole(name, t)) || !letter(name[0]) {
		return r.slowly(name)
	}
	return 0
}

func (r *Rules) slowly(name []byte) class {
	var buf [maxName]byte
	if len(name) > maxName {
		name = name[len(name)-maxName:]
	}
	for text := plain(buf[:0], name); ; {
		if c, ok := r.names[string(text)]; ok {
			return c
		}
		if r.endingTails.has(tail(text)) {
			for i := range endings {
				if bytes.HasSuffix(text, []byte(endings[i].text)) {
					return endings[i].class
				}
			}
		}
		n := len(text)
		for n > 0 && digit(text[n-1]) {
			n--
		}
		if n == len(text) {
			return 0
		}
		text = text[:n]
	}
}

// plain appends a name in small letters and without separators, so that
// accessToken, access_token and user[access-token] are one.
func plain(b, name []byte) []byte {
	for _, c := range name {
		switch {
		case c >= 'A' && c <= 'Z':
			b = append(b, c|0x20)
		case letter(c) || digit(c):
			b = append(b, c)
		}
	}
	return b
}

// tails is a set of what [tail] returns.
type tails [1 << 10]uint32

func (t *tails) add(tail int)      { t[tail>>5] |= 1 << (tail & 31) }
func (t *tails) has(tail int) bool { return t[tail>>5]>>(tail&31)&1 != 0 }

// mixed is the tail of names whose last three bytes are not all letters.
const mixed = 0

// tail makes a number of the last three letters, whatever their case.
func tail(name []byte) int {
	n := len(name)
	if n < 3 || !letter(name[n-1]) || !letter(name[n-2]) || !letter(name[n-3]) {
		return mixed
	}
	return int(name[n-1]&31)<<10 | int(name[n-2]&31)<<5 | int(name[n-3]&31)
}

// whole makes a number of a name's tail and its first letter.
func whole(name []byte, tail int) int {
	if tail == mixed {
		return mixed
	}
	return (tail ^ int(name[0]&31)*0x4a5b) & (1<<15 - 1)
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }
func digit(c byte) bool  { return c-'0' <= 9 }
