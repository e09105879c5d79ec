package api

import "slices"

// Dialect is what a version of the API, or a door, does in its own way: by
// action, as data. An action without a rule is done the plain way.
type Dialect struct {
	Name  string
	Rules map[string]Rule

	Clients     []string // the actions that look at the Client-ID; nil: all do
	Projectless []string // the actions that do without a project
	Wording     Wording
}

// Wording is what a dialect says in words of its own; "" leaves the usual ones.
type Wording struct {
	Client   string // of a Client-ID that is none
	Queue    string // of a queue's name with wrong characters
	LongName string // of a queue's name that is too long
	LongID   string // of a project's ID that is too long
}

// Rule is how one action differs.
type Rule struct {
	Whole       string   // the field that the body is, where it is no object of fields
	Empty       string   // the complaint about a missing body; "": it may be missing
	NoObject    string   // the complaint about a body that is no object; "": the usual one
	Require     []Need   // fields that a body must have
	ListIsEmpty bool     // an array in place of the object counts as one without fields
	Set         []string // switches of the request
}

// Need is a required field.
type Need struct {
	Field     string
	Complaint string // "": the usual one
}

// asksClient tells whether an action looks at the Client-ID.
func (d *Dialect) asksClient(action string) bool {
	return d == nil || d.Clients == nil || slices.Contains(d.Clients, action)
}

// asksProject tells whether an action is about a project.
func (d *Dialect) asksProject(action string) bool {
	return d == nil || !slices.Contains(d.Projectless, action)
}

func (d *Dialect) wording() Wording {
	if d == nil {
		return Wording{}
	}
	return d.Wording
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
		"queue_share": {Whole: "share", Empty: "Request body can not be empty"},
		"message_post": {
			Empty:       "Request body can not be empty",
			Require:     []Need{{"messages", "No messages were found in the request body."}},
			ListIsEmpty: true,
		},
		"message_get_many":    {Set: []string{"must_exist"}},
		"claim_update":        {Empty: "Request body can not be empty"},
		"subscription_create": {Set: []string{"again"}},
		"subscription_update": {
			Empty:    "No subscription to create.", // sic: Zaqar's clients know it
			NoObject: "Subscriptions must be a dict.",
		},
	},
}

// WebSocket is version 2 as it is spoken in envelopes, over WebSocket and ZeroMQ.
var WebSocket = &Dialect{
	Name: "v2",
	Rules: map[string]Rule{
		"queue_list":      {Set: []string{"bare"}},
		"queue_get":       {Set: []string{"bare"}},
		"queue_get_stats": {Set: []string{"must_exist"}},
	},
	Clients:     []string{"message_list", "message_post"},
	Projectless: []string{"get_home_doc", "ping_node", "check_node_health"},
	Wording: Wording{
		Client:   "badly formed hexadecimal UUID string",
		Queue:    "Queue names may only contain ASCII letters, digits, underscores, and dashes.",
		LongName: "Queue names may not be more than 64 characters long.",
		LongID:   "Project ids may not be more than 256 characters long.",
	},
}
