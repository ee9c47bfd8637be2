package redact

// defaults are names without case, separators and digits behind. "code" is
// secret alone and in no other name: postcode, country_code and promo_code are
// many, one-time codes have other names too.
var defaults = [...]struct {
	class class
	names string
}{
	{property | parameter, "code"},
	{property | parameter | stem, "otp passcode auth authorization jwt bearer credentials signature sig cardnumber creditcard creditcardnumber ccnumber cvv cvc ssn"},
	{parameter, "key session sessionid sid jsessionid phpsessid"},
	{property | parameter | address, "mail mailto"},
	{allowed, "groupid"}, // an id, whatever it looks like
}

// endings make every name secret that ends in one, as user_email does.
var endings = [...]struct {
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
	{property | parameter | address, "email"},
	{property | parameter | address, "emailaddress"},
	{property | parameter | address, "emailaddresse"}, // less the s of the plural
}

// carriers are words behind a secret's name that leave it one: password_hash,
// newTokenValue. What is behind an e-mail address is seldom one: email_subject.
var carriers = [...]struct {
	text    string
	address bool
}{
	{"hash", true},
	{"hashed", true},
	{"sha", true}, // sha256
	{"md", true},  // md5
	{"plain", true},
	{"raw", true},
	{"value", true},
	{"new", true},
	{"old", true},
	{"current", true},
	{"previous", true},
	{"original", true},
	{"confirm", true},
	{"confirmation", true},
	{"repeat", true},
	{"again", true},
	{"confirmed", false},
	{"repeated", false},
	{"retype", false},
	{"verify", false},
	{"digest", false},
	{"bcrypt", false},
	{"scrypt", false},
	{"argon", false},
	{"salt", false},
	{"salted", false},
	{"encrypted", false},
	{"enc", false},
	{"ciphertext", false},
	{"plaintext", false},
	{"cleartext", false},
	{"text", false},
	{"encoded", false},
	{"base", false}, // base64
	{"hex", false},
	{"pem", false},
	{"string", false},
	{"str", false},
	{"input", false},
	{"field", false},
	{"data", false},
	{"content", false},
	{"header", false},
	{"list", false},
	{"array", false},
}

// harmlessEnds are what a name with "password" in it ends with when it is about
// one without having it.
var harmlessEnds = [...]string{
	"length", "len", "strength", "score", "entropy", "policy", "rules", "rule", "required", "enabled", "disabled", "protected", "visible", "visibility",
	"shown", "show", "hidden", "valid", "invalid", "validity", "verified", "match", "matches", "matched", "mismatch", "set", "forgot", "forgotten",
	"change", "changed", "changes", "update", "updated", "created", "expired", "expires", "expiry", "expiration", "failed", "failure", "failures",
	"attempt", "attempts", "retries", "tries", "error", "errors", "message", "count", "counter", "total", "number", "age", "days", "min", "max",
	"date", "time", "timestamp", "resetat", "setat", "changedat", "updatedat", "createdat", "expiresat", "changedon", "updatedon",
	"type", "method", "mode", "flow", "status", "state", "step", "stage", "reason", "source", "result", "screen", "page", "form", "link", "url",
	"clicked", "click", "submitted", "viewed", "toggled", "requested", "request", "sent", "manager", "less", "lesslogin", "id", "version", "format", "login",
}

// labelNames are those of members that name the value beside them, and
// valueNames those of that value.
const (
	labelNames = "name key field fieldname label id param parameter header property attribute"
	valueNames = "value val"
)

// networkNames are those of addresses of the network, without case, separators
// and digits behind.
const networkNames = "ip ips ipaddress ipaddresses ipaddr ipv clientip clientips clientaddr clientaddress userip visitorip remoteip remoteaddr remoteaddress " +
	"sourceip srcip originip peerip hostip realip xrealip forwardedfor xforwardedfor trueclientip cfconnectingip lastip currentip loginip lastloginip " +
	"signupip registrationip publicip privateip localip contextip deviceip serverip sessionip requestip customerip"
