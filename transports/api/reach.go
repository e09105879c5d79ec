package api

import "strconv"

// checkReach refuses what a valid JSON text must not hold all the same: values
// nested deeper than maxDepth and integers beyond 64 bits with sign.
func checkReach(text []byte) error {
	depth := 0
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"':
			i = afterString(text, i+1)
			continue
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return errTooDeep
			}
		case c == '}' || c == ']':
			depth--
		case c == '-' || c >= '0' && c <= '9':
			end := afterNumber(text, i)
			if !fits(text[i:end]) {
				return errBigInteger
			}
			i = end
			continue
		}
		i++
	}
	return nil
}

func afterString(text []byte, i int) int {
	for i = afterPlain(text, i); i < len(text) && text[i] != '"'; i = afterPlain(text, i+1) {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func afterNumber(text []byte, i int) int {
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
		default:
			return i
		}
	}
	return i
}

// fits tells whether a number is none too large or no integer at all.
func fits(number []byte) bool {
	const always = 18 // digits, which fit whatever they are
	if len(number) <= always {
		return true
	}
	for _, c := range number {
		if c == '.' || c == 'e' || c == 'E' {
			return true
		}
	}
	_, err := strconv.ParseInt(string(number), 10, 64)
	return err == nil
}
