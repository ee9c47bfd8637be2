package redact

// Cards in use have 14 to 19 digits; the 13 of old ones are left to barcodes.
const (
	minCard = 14
	maxCard = 19
)

func inCard(c byte) bool { return digit(c) || separates(c) }

// separates reports whether a byte may stand between the groups of a number.
func separates(c byte) bool {
	switch c {
	case ' ', '-', '+', '.', '/', ',', '_':
		return true
	}
	return false
}

// long reports whether a text has a stretch that a card number would fit in.
// It looks at one byte in 14.
func long(b []byte) bool {
	for i := minCard - 1; i < len(b); i += minCard {
		if !inCard(b[i]) {
			continue
		}
		n := 1
		for j := i - 1; j >= 0 && inCard(b[j]); j-- {
			n++
		}
		for j := i + 1; j < len(b) && inCard(b[j]); j++ {
			n++
		}
		if n >= minCard {
			return true
		}
	}
	return false
}

// cards finds card numbers that stand by themselves, in one piece or in groups
// of which the first has four digits.
func (t *text) cards() {
	b := t.b
	for i := 0; i < len(b); {
		if !digit(b[i]) {
			i++
			continue
		}
		if i == 0 || !attached(b[i-1]) {
			if end := cardEnd(b[i:]); end > 0 {
				t.add(i, i+end, secret)
				i += end
				continue
			}
		}
		for i < len(b) && digit(b[i]) {
			i++
		}
	}
}

// attached reports whether a digit beside the byte is part of something larger.
func attached(c byte) bool { return letter(c) || digit(c) || c == '.' || c == '_' }

// cardEnd returns the length of the card number that b starts with, 0 if it is
// none. Between groups stand a blank, a hyphen or a plus; or anything of what
// separates, up to three bytes of it, if the groups are those of a card.
func cardEnd(b []byte) (end int) {
	var number, groups [maxCard]byte
	plain := true
	for i, n, g := 0, 0, 0; ; {
		start := i
		for i < len(b) && digit(b[i]) {
			if n == maxCard {
				return end
			}
			number[n] = b[i]
			n++
			i++
		}
		groups[g] = byte(i - start)
		g++
		if n >= minCard && alone(b, i) && (g == 1 || plain || printed(groups[:g])) && isCard(number[:n]) {
			end = i
		}
		separator := i
		for i < len(b) && i-separator < 3 && separates(b[i]) {
			i++
		}
		if i == separator || i == len(b) || !digit(b[i]) || groups[0] != 4 || g == maxCard {
			return end
		}
		if c := b[separator]; i-separator > 1 || c != ' ' && c != '-' && c != '+' {
			plain = false
		}
	}
}

// alone reports whether a number that ends at i is not part of something larger.
func alone(b []byte, i int) bool {
	return i == len(b) || !attached(b[i]) || b[i] == '.' && (i+1 == len(b) || !digit(b[i+1]))
}

// printed reports whether digits are grouped as they are on cards.
func printed(groups []byte) bool {
	switch string(groups) {
	case "\x04\x04\x04\x04", "\x04\x04\x04\x04\x03", "\x04\x06\x05", "\x04\x06\x04":
		return true
	}
	return false
}

// isCard reports whether digits are a number that one of the large networks
// gives out: by how it starts, how long it is, and its check digit.
func isCard(number []byte) bool {
	if len(number) < minCard || len(number) > maxCard {
		return false
	}
	sum := 0
	for i, c := range number {
		if !digit(c) {
			return false
		}
		d := int(c - '0')
		if (len(number)-i)%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0 && issued(number)
}

// issued knows Visa, Mastercard, American Express, Diners Club, Discover, JCB
// and UnionPay.
func issued(number []byte) bool {
	n := len(number)
	first := 0
	for _, c := range number[:4] {
		first = first*10 + int(c-'0')
	}
	switch two := first / 100; {
	case two >= 40 && two <= 49:
		return n == 16 || n == 19
	case two >= 51 && two <= 55, first >= 2221 && first <= 2720:
		return n == 16
	case two == 34, two == 37:
		return n == 15
	case two == 36, two == 38, two == 39, first >= 3000 && first <= 3059:
		return n == 14
	case first >= 3528 && first <= 3589, first == 6011, first >= 6440 && first <= 6599, two == 62:
		return n >= 16
	}
	return false
}
