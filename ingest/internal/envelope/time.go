package envelope

// ParseTime reads a moment in the forms senders use and returns it in
// milliseconds since 1970: RFC 3339 with any number of decimals, a space or a
// lower-case t for the T, an offset with or without colon or with hours only.
// Without an offset it is UTC; a date alone is its first moment.
func ParseTime(s []byte) (millis int64, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	year, month, day := number(s[:4]), number(s[5:7]), number(s[8:10])
	if year < 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	millis = Day(year, month, day) * 86_400_000
	if s = s[10:]; len(s) == 0 {
		return millis, true
	}
	if len(s) < 9 || s[0] != 'T' && s[0] != 't' && s[0] != ' ' || s[3] != ':' || s[6] != ':' {
		return 0, false
	}
	hour, minute, second := number(s[1:3]), number(s[4:6]), number(s[7:9])
	// A leap second is the first moment of the next minute.
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return 0, false
	}
	millis += int64(hour*3600+minute*60+second) * 1000
	if s = s[9:]; len(s) > 0 && s[0] == '.' {
		i, scale := 1, int64(100)
		for ; i < len(s) && s[i]-'0' <= 9; i++ {
			millis += int64(s[i]-'0') * scale // nothing is left of the fourth decimal on
			scale /= 10
		}
		if i == 1 {
			return 0, false
		}
		s = s[i:]
	}
	offset, ok := parseOffset(s)
	return millis - offset, ok
}

func parseOffset(s []byte) (millis int64, ok bool) {
	if len(s) == 0 || len(s) == 1 && s[0]|0x20 == 'z' {
		return 0, true
	}
	sign := int64(1)
	switch s[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false
	}
	minutes := 0
	switch {
	case len(s) == 6 && s[3] == ':':
		minutes = number(s[4:])
	case len(s) == 5:
		minutes = number(s[3:])
	case len(s) != 3:
		return 0, false
	}
	hours := number(s[1:3])
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	return sign * int64(hours*60+minutes) * 60_000, true
}

// number reads decimal digits; it returns a negative number for anything else.
func number(s []byte) int {
	n := 0
	for _, c := range s {
		if c -= '0'; c > 9 {
			return -1
		}
		n = n*10 + int(c)
	}
	return n
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// Day returns the number of days from 1970-01-01 to a date of the Gregorian
// calendar, years 0 to 9999.
func Day(year, month, day int) int64 {
	// Years that start in March put the leap day at the end.
	if month <= 2 {
		year--
		month += 12
	}
	era := year + 400 // never negative
	return int64(365*era+era/4-era/100+era/400+(153*(month-3)+2)/5+day-1) - 719_468 - 146_097
}
