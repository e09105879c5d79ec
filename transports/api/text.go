package api

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// setText sets a field from the text of a parameter.
func setText(field any, p Param) error {
	switch f := field.(type) {
	case *string:
		*f = p.Value
	case **string:
		*f = &p.Value
	case **int64:
		n, err := intOf(p.Value)
		if err != nil {
			return badParam(p, "The value must be an integer.")
		}
		*f = &n
	case *bool:
		return setBool(f, p)
	case **bool:
		*f = new(bool)
		return setBool(*f, p)
	case *[]string:
		for item := range strings.SplitSeq(p.Value, ",") {
			if item != "" {
				*f = append(*f, item)
			}
		}
	}
	return nil
}

// intOf takes an integer too large for the machine for the largest: a limit will
// refuse it.
func intOf(text string) (int64, error) {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseInt(text, 10, 64)
	// strconv does not look at what is behind the digit that is too much.
	if errors.Is(err, strconv.ErrRange) && strings.Trim(text[1:], "0123456789") == "" {
		if n < 0 {
			return math.MinInt64, nil
		}
		return math.MaxInt64, nil
	}
	return n, err
}

func setBool(f *bool, p Param) error {
	value, ok := ParseFlag(p.Value)
	if !ok {
		return badParam(p, `The value of the parameter must be "true" or "false".`)
	}
	*f = value
	return nil
}

// ParseFlag reads what a parameter that is true or false may say.
func ParseFlag(text string) (value, ok bool) {
	switch text {
	case "true", "True", "t", "yes", "y", "1", "on":
		return true, true
	case "false", "False", "f", "no", "n", "0", "off":
		return false, true
	}
	return false, false
}

func badParam(p Param, text string) error {
	return newInvalid("Invalid parameter", `The "`+p.Name+`" parameter is invalid. `+text)
}
