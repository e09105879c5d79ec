package api

// Dialect is what a version of the API, or a door, does in its own way: by
// action, as data. An action without a rule is done the plain way.
type Dialect struct {
	Name  string
	Rules map[string]Rule
}

// Rule is how one action differs.
type Rule struct {
	Whole       string   // the field that the body is, where it is no object of fields
	Empty       string   // the complaint about a missing body; "": it may be missing
	Require     []Need   // fields that a body must have
	ListIsEmpty bool     // an array in place of the object counts as one without fields
	Set         []string // switches of the request
}

// Need is a required field.
type Need struct {
	Field     string
	Complaint string // "": the usual one
}

func (d *Dialect) rule(action string) Rule {
	if d == nil {
		return Rule{}
	}
	return d.Rules[action]
}

// V2 is version 2 over HTTP.
var V2 = &Dialect{
	Name: "v2",
	Rules: map[string]Rule{
		"queue_create": {Whole: "metadata"},
		"queue_update": {Whole: "changes", Empty: "PATCH body could not be empty for update."},
		"queue_purge": {Require: []Need{
			{"resource_types", `Post body must contain key "resource_types".`},
		}},
		"message_post": {
			Empty:       "Request body can not be empty",
			Require:     []Need{{"messages", "No messages were found in the request body."}},
			ListIsEmpty: true,
		},
		"message_get_many": {Set: []string{"must_exist"}},
		"claim_update":     {Empty: "Request body can not be empty"},
	},
}
