package tenant

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Redact says what of an event is secret. Secrets are taken out before an event
// is stored anywhere, the log included, and [redacted] stands in their place.
//
// Without more said these are: the values of properties and of query and
// fragment parameters named token, password, passwd, pwd, passphrase, secret,
// api_key, private_key, access_key, email or email_address, or ending so
// (access_token, userPassword); named code, otp, passcode, auth, authorization,
// jwt, bearer, credentials, signature, sig, mail, mailto, cvv, cvc, ssn,
// card_number, credit_card or cc_number; of parameters also named key, session,
// session_id, sid, jsessionid or phpsessid; user and password of an address of
// the web; what stands behind Bearer and Basic; JSON web tokens; e-mail
// addresses; card numbers, whatever stands between their groups.
//
// Case, separators, digits behind, wide letters and invisible characters of a name
// do not matter, nor do objects around it, nor that the object is JSON in a text.
// Its plural counts too, unless its value is a number: "tokens":512 is how many.
// So does a word behind that says in which form the secret is there:
// password_hash, newTokenValue; and any behind "password" but those that say
// something about it: password_length, password_changed_at. "code" is secret only
// alone: postcode, promo_code and codes are not. Other words are no part of these
// names: tokenize, token_type, secretary, passenger, email_subject.
//
// What is left of addresses of the network is [Settings].IP's to say, also if Off
// is set or Allow names them.
//
// Traits of identify and group keep their e-mail addresses: they are the
// profile the product asked for. Ids and names of events and properties are
// never changed.
type Redact struct {
	// Off keeps everything as it was sent. Defaults to false.
	Off bool
	// Names are names of properties and parameters that are secret as well.
	// Defaults to none.
	Names []string
	// Allow are names whose values are kept as they are. Defaults to none.
	Allow []string
}

func (r Redact) validate() error {
	var errs []error
	check := func(field string, names []string) {
		if len(names) > 200 {
			errs = append(errs, fmt.Errorf("redact.%s: %d names, at most 200 are possible", field, len(names)))
		}
		for _, name := range names {
			named := strings.ContainsFunc(name, func(r rune) bool {
				return r >= utf8.RuneSelf || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
			})
			if len(name) > 64 || !named {
				errs = append(errs, fmt.Errorf("redact.%s: %q is no name: it has a letter or a digit and at most 64 bytes", field, name))
			}
		}
	}
	check("names", r.Names)
	check("allow", r.Allow)
	return errors.Join(errs...)
}
