package core

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// The attributes of a retry policy, which says how a notification that failed is
// tried again.
const (
	retryNoDelay    = "retries_with_no_delay"
	retryMinRetries = "minimum_delay_retries"
	retryMin        = "minimum_delay"
	retryMax        = "maximum_delay"
	retryMaxRetries = "maximum_delay_retries"
	retryBackOff    = "retry_backoff_function"
	retryOverride   = "ignore_subscription_override"
)

const (
	defaultRetryMin = 5  // seconds
	defaultRetryMax = 30 // seconds
	retrySpread     = 10 // seconds between the two, at least
)

var retryBackOffs = []string{"linear", "arithmetic", "geometric", "exponential"}

// checkRetryPolicy refuses a policy that nobody could follow.
func checkRetryPolicy(v jsontext.Value) error {
	if err := checkKind(attrRetry, v, "a dict", '{'); err != nil || len(v) == 0 || v.Kind() == 'n' {
		return err
	}
	m, err := parseMetadata(v)
	if err != nil {
		return invalid("%s must be a dict.", attrRetry)
	}
	for _, name := range []string{retryNoDelay, retryMinRetries, retryMin, retryMax, retryMaxRetries} {
		if n, ok := intValue(m.get(name)); m.get(name) != nil && (!ok || n < 0 || n > longest) {
			return invalid("Retry policy: %s must be a integer.", name)
		}
	}
	lo, hi := int64(defaultRetryMin), int64(defaultRetryMax)
	if m.get(retryMin) != nil {
		lo = intAt(m, retryMin)
	}
	if m.get(retryMax) != nil {
		hi = intAt(m, retryMax)
	}
	if hi-lo < retrySpread {
		return invalid("Retry policy: %s must exceed %s by at least %d seconds.", retryMax, retryMin, retrySpread)
	}
	if f := m.get(retryBackOff); f != nil {
		if name, ok := stringValue(f); !ok || !slices.Contains(retryBackOffs, name) {
			return invalid("Retry policy: %s must be one of %v.", retryBackOff, retryBackOffs)
		}
	}
	return checkKind(retryOverride, m.get(retryOverride), "boolean", 't', 'f')
}
