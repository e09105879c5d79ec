package core_test

import (
	"testing"

	"github.com/stackforge/marconi/core"
)

const (
	badSpread  = "Retry policy: maximum_delay must exceed minimum_delay by at least 10 seconds."
	badBackOff = "Retry policy: retry_backoff_function must be one of [linear arithmetic geometric exponential]."
)

// retryPolicies and what is wrong with them; "" is nothing.
var retryPolicies = map[string]string{
	`{}`: "",
	`{"retries_with_no_delay":0,"minimum_delay_retries":0,"minimum_delay":1,"maximum_delay":11,
		"maximum_delay_retries":0,"retry_backoff_function":"linear","ignore_subscription_override":true}`: "",
	`{"retry_backoff_function":"arithmetic"}`:  "",
	`{"retry_backoff_function":"geometric"}`:   "",
	`{"retry_backoff_function":"exponential"}`: "",
	`{"something":"else"}`:                     "",

	`{"minimum_delay":20,"maximum_delay":30}`: "",
	`{"minimum_delay":21,"maximum_delay":30}`: badSpread,
	`{"minimum_delay":30,"maximum_delay":20}`: badSpread,
	`{"minimum_delay":20}`:                    "", // the other one is 30 then
	`{"minimum_delay":21}`:                    badSpread,
	`{"maximum_delay":15}`:                    "", // the other one is 5 then
	`{"maximum_delay":14}`:                    badSpread,

	`{"retries_with_no_delay":1.5}`:  "Retry policy: retries_with_no_delay must be a integer.",
	`{"retries_with_no_delay":-1}`:   "Retry policy: retries_with_no_delay must be a integer.",
	`{"minimum_delay_retries":"3"}`:  "Retry policy: minimum_delay_retries must be a integer.",
	`{"minimum_delay":null}`:         "Retry policy: minimum_delay must be a integer.",
	`{"maximum_delay":[]}`:           "Retry policy: maximum_delay must be a integer.",
	`{"maximum_delay":3162240000}`:   "",
	`{"maximum_delay":3162240001}`:   "Retry policy: maximum_delay must be a integer.",
	`{"maximum_delay":99999999999}`:  "Retry policy: maximum_delay must be a integer.",
	`{"maximum_delay_retries":"no"}`: "Retry policy: maximum_delay_retries must be a integer.",

	`{"retry_backoff_function":"sideways"}`: badBackOff,
	`{"retry_backoff_function":""}`:         badBackOff,
	`{"retry_backoff_function":1}`:          badBackOff,

	`{"ignore_subscription_override":false}`: "",
	`{"ignore_subscription_override":1}`:     "ignore_subscription_override must be boolean.",
	`{"ignore_subscription_override":"yes"}`: "ignore_subscription_override must be boolean.",
}

func TestRetryPoliciesAreChecked(t *testing.T) {
	for policy, text := range retryPolicies {
		t.Run(policy, func(t *testing.T) {
			checkReserved(newWorld(t, core.Options{}), "_retry_policy", policy, text)
		})
	}
}
