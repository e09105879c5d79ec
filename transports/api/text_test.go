package api_test

import (
	"math"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// listing is a request to list messages with values for one parameter.
func listing(field string, values ...string) (core.MessageListRequest, error) {
	c := call("", "")
	c.Params.Own = []string{"queue_name"}
	for _, v := range values {
		c.Params.Given = append(c.Params.Given, api.Param{Field: field, Name: "the-" + field, Value: v})
	}
	return api.Decode[core.MessageListRequest](c)
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		texts []string
		want  bool
	}{
		{[]string{"true", "True", "t", "yes", "y", "1", "on"}, true},
		{[]string{"false", "False", "f", "no", "n", "0", "off"}, false},
	} {
		for _, text := range c.texts {
			r, err := listing("echo", text)
			if err != nil || r.Echo != c.want {
				t.Errorf("%q: got %v and error %v, want %v", text, r.Echo, err, c.want)
			}
			r, err = listing("include_delayed", text)
			if err != nil || r.IncludeDelayed == nil || *r.IncludeDelayed != c.want {
				t.Errorf("%q: got %v and error %v, want %v", text, r.IncludeDelayed, err, c.want)
			}
		}
	}
	for _, text := range []string{"TRUE", "FALSE", "None", "T", "2", "-1", "01", "enabled", " true", "true ", "wahr"} {
		for _, field := range []string{"echo", "include_delayed"} {
			_, err := listing(field, text)
			refused(t, err, "Invalid parameter", `The "the-`+field+`" parameter is invalid. The value of the parameter must be "true" or "false".`)
		}
	}
}

func TestIntegers(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
	}{
		{"0", 0}, {"20", 20}, {"-1", -1}, {"+5", 5}, {"007", 7}, {" 5 ", 5}, {"-0", 0},
		{"9223372036854775807", math.MaxInt64},
		{"9223372036854775808", math.MaxInt64},
		{"99999999999999999999999999999999", math.MaxInt64},
		{"-9223372036854775808", math.MinInt64},
		{"-9223372036854775809", math.MinInt64},
	} {
		r, err := listing("limit", c.text)
		if err != nil || r.Limit == nil || *r.Limit != c.want {
			t.Errorf("%q: got %v and error %v, want %d", c.text, r.Limit, err, c.want)
		}
	}
	for _, text := range []string{"abc", "1.0", "1e3", "0x10", "1_0", "--1", "1 2", "٣", "-", " ", "five", "99999999999999999999x", "99999999999999999999-", "99999999999999999999.0"} {
		_, err := listing("limit", text)
		refused(t, err, "Invalid parameter", `The "the-limit" parameter is invalid. The value must be an integer.`)
	}
}

func TestHugeLimitsAreRefusedAsLimits(t *testing.T) {
	c := call("message_list", "")
	c.Params = given("queue_name", "q", "limit", "99999999999999999999")
	answered(t, newHandler(t, api.Options{}).Handle(t.Context(), c), 400, "Invalid API request",
		"Limit must be at least 1 and may not be greater than 20.")
}

func TestLists(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   []string
	}{
		{[]string{"a"}, []string{"a"}},
		{[]string{"a,b"}, []string{"a", "b"}},
		{[]string{"a", "b"}, []string{"a", "b"}},
		{[]string{"a,b", "", "c,a"}, []string{"a", "b", "c", "a"}},
		{[]string{",a,,b,"}, []string{"a", "b"}},
		{[]string{" a , b "}, []string{" a ", " b "}},
		{[]string{""}, nil},
		{[]string{","}, nil},
		{nil, nil},
	} {
		call := call("", "")
		call.Params.Own = []string{"queue_name"}
		for _, v := range c.values {
			call.Params.Given = append(call.Params.Given, api.Param{Field: "message_ids", Name: "ids", Value: v})
		}
		r, err := api.Decode[core.MessageGetManyRequest](call)
		if err != nil {
			t.Fatal(err)
		}
		sameAll(t, "ids", r.IDs, c.want...)
		same(t, "none", r.IDs == nil, c.want == nil)
	}
}

func TestTexts(t *testing.T) {
	r, err := listing("marker", "a,b c\xff")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "marker", r.Marker, "a,b c\xff")
}

func TestEmptyIsNotGiven(t *testing.T) {
	for _, field := range []string{"marker", "limit", "echo", "include_delayed"} {
		r, err := listing(field, "", "")
		if err != nil || r != (core.MessageListRequest{}) {
			t.Errorf("%s: got %+v and error %v", field, r, err)
		}
	}
}

// TestTheLastCounts is of parameters that come once too often.
func TestTheLastCounts(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   int64 // 0: refused
	}{
		{[]string{"1", "2"}, 2},
		{[]string{"1", "2", ""}, 2},
		{[]string{"x", "2"}, 2},
		{[]string{"x", "", "2", ""}, 2},
		{[]string{"2", "x"}, 0},
		{[]string{"2", "x", ""}, 0},
	} {
		r, err := listing("limit", c.values...)
		switch {
		case c.want == 0:
			refused(t, err, "Invalid parameter", `The "the-limit" parameter is invalid. The value must be an integer.`)
		case err != nil || *r.Limit != c.want:
			t.Errorf("%q: got %v and error %v, want %d", c.values, r.Limit, err, c.want)
		}
	}
}

func TestTheFirstFieldThatIsWrongIsTold(t *testing.T) {
	c := call("", "")
	c.Params = given("queue_name", "q", "limit", "x", "echo", "x")
	_, err := api.Decode[core.MessageListRequest](c)
	refused(t, err, "Invalid parameter", `The "limit" parameter is invalid. The value must be an integer.`)
	c.Params = given("queue_name", "q", "limit", "1", "unknown", "x", "echo", "x", "marker", "m")
	_, err = api.Decode[core.MessageListRequest](c)
	refused(t, err, "Invalid parameter", `The "echo" parameter is invalid. The value of the parameter must be "true" or "false".`)
}

func TestParametersComeBeforeTheBody(t *testing.T) {
	c := call("", "{")
	c.Params = given("queue_name", "q", "limit", "x")
	_, err := api.Decode[core.ClaimCreateRequest](c)
	refused(t, err, "Invalid parameter", `The "limit" parameter is invalid. The value must be an integer.`)
}
