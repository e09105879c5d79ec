package api

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

// envelopeRow is what an action asks of its envelope, and what its answer looks
// like. In texts {queue} is the queue and {item} the item.
type envelopeRow struct {
	needs    needs
	fields   []field // of the body; others are let pass
	bodiless bool    // the body may be missing
	admin    bool    // it is for operators
	item     string  // a field of type text that the answer names
	sized    string  // the field whose length the limits count

	says    string // the body of a success is this text
	missing string // "error" of a 404; "": null
	denied  string // "exception" of a 403
	taken   string // the whole body of a 409
	absent  any    // the whole body of a 404
	tells   bool   // a 400 has an "error"
}

// needs are headers that must be there.
type needs uint8

const (
	needsClient needs = 1 << iota
	needsProject
	needsToken

	needsBoth = needsClient | needsProject
)

// schemaHeaders are the headers that the schema knows, in its spelling. Their
// values are strings.
var schemaHeaders = map[string]needs{
	"Client-ID": needsClient, "X-Project-ID": needsProject, "X-Auth-Token": needsToken,
	"User-Agent": 0, "Date": 0, "Accept": 0,
}

// field is a field of a body.
type field struct {
	name string
	kind kind
	must bool
}

// kind is a type of JSON schema.
type kind uint8

const (
	ofText kind = iota
	ofInteger
	ofFlag
	ofList
	ofObject
)

// fits tells whether a value is of the type. 1.0 is no integer.
func (k kind) fits(v jsontext.Value) bool {
	switch k {
	case ofText:
		return v.Kind() == '"'
	case ofInteger:
		return v.Kind() == '0' && !bytes.ContainsAny(v, ".eE")
	case ofFlag:
		return v.Kind() == 't' || v.Kind() == 'f'
	case ofList:
		return v.Kind() == '['
	}
	return v.Kind() == '{'
}

func (r *envelopeRow) required() (set int) {
	for i, f := range r.fields {
		if f.must {
			set |= 1 << i
		}
	}
	return set
}

// framed are the fields that frames stand for.
func (r *envelopeRow) framed() (set int) {
	for i, f := range r.fields {
		if f.name == fieldMessages {
			set |= 1 << i
		}
	}
	return set
}

// fieldMessages is of the messages of a post.
const fieldMessages = "messages"

// queueField is first in every body but a few.
var queueField = field{fieldQueue, ofText, true}

// envelopeRows are the actions that may be asked for in an envelope.
var envelopeRows = map[string]*envelopeRow{
	"authenticate":      {needs: needsProject | needsToken, bodiless: true},
	"get_home_doc":      {bodiless: true},
	"check_node_health": {bodiless: true, admin: true},
	"ping_node":         {bodiless: true},

	"queue_list": {needs: needsBoth, bodiless: true, fields: []field{
		{"marker", ofText, false}, {"limit", ofInteger, false}, {"detailed", ofFlag, false}}},
	"queue_create": {needs: needsBoth, fields: []field{queueField, {"metadata", ofObject, false}},
		sized: "metadata", says: "Queue {queue} created."},
	"queue_get":       {needs: needsBoth, fields: []field{queueField}},
	"queue_update":    {needs: needsBoth, fields: []field{queueField, {"changes", ofList, true}}, sized: "changes"},
	"queue_delete":    {needs: needsBoth, fields: []field{queueField}, says: "Queue {queue} removed."},
	"queue_get_stats": {needs: needsBoth, fields: []field{queueField}, absent: core.Stats{}},
	"queue_purge":     {needs: needsBoth, fields: []field{queueField, {"resource_types", ofList, false}}},

	"message_post": {needs: needsBoth, fields: []field{queueField, {fieldMessages, ofList, true},
		{"producer", ofText, false}, {"seq", ofInteger, false}}, sized: fieldMessages},
	"message_list": {needs: needsBoth, fields: []field{queueField,
		{"marker", ofText, false}, {"limit", ofInteger, false}, {"echo", ofFlag, false}, {"include_claimed", ofFlag, false}}},
	"message_get":      {needs: needsBoth, fields: []field{queueField, {"message_id", ofText, true}}},
	"message_get_many": {needs: needsBoth, fields: []field{queueField, {"message_ids", ofList, true}}},
	"message_delete": {needs: needsBoth, fields: []field{queueField, {"message_id", ofText, true}, {"claim_id", ofText, false}},
		item: "message_id", denied: "Message {item} is claimed", tells: true},
	"message_delete_many": {needs: needsBoth, fields: []field{queueField,
		{"message_ids", ofList, false}, {"claim_ids", ofList, false}, {"pop", ofInteger, false}}},
	"message_watch": {needs: needsBoth, fields: []field{queueField, {"position", ofText, false}}},

	"claim_create": {needs: needsBoth, fields: []field{queueField,
		{"limit", ofInteger, false}, {"ttl", ofInteger, false}, {"grace", ofInteger, false}}},
	"claim_get": {needs: needsBoth, fields: []field{queueField, {"claim_id", ofText, true}},
		item: "claim_id", missing: "Claim {item} does not exist."},
	"claim_update": {needs: needsBoth, fields: []field{queueField, {"claim_id", ofText, true}, {"ttl", ofInteger, false}},
		item: "claim_id", says: "Claim {item} updated.", missing: "Claim {item} does not exist."},
	"claim_delete": {needs: needsBoth, fields: []field{queueField, {"claim_id", ofText, true}},
		item: "claim_id", says: "Claim {item} deleted."},
	"claim_stream": {needs: needsBoth, fields: []field{queueField,
		{"credit", ofInteger, false}, {"ttl", ofInteger, false}, {"grace", ofInteger, false}}},
	"stream_delete": {needs: needsBoth, fields: []field{{"stream_id", ofText, true}},
		item: "stream_id", says: "Stream {item} ended."},

	"subscription_list": {needs: needsBoth, fields: []field{queueField}},
	"subscription_create": {needs: needsBoth, fields: []field{queueField,
		{"subscriber", ofText, false}, {"ttl", ofInteger, false}, {"options", ofObject, false}, {"position", ofText, false}},
		taken: "Subscription {queue} not created."},
	"subscription_get": {needs: needsBoth, fields: []field{queueField, {"subscription_id", ofText, true}},
		item: "subscription_id", missing: "Subscription {item} for queue {queue} does not exist."},
	"subscription_update": {needs: needsBoth, fields: []field{queueField, {"subscription_id", ofText, true},
		{"subscriber", ofText, false}, {"ttl", ofInteger, false}, {"options", ofObject, false}}, item: "subscription_id"},
	"subscription_delete": {needs: needsBoth, fields: []field{queueField, {"subscription_id", ofText, true}},
		item: "subscription_id", says: "Subscription {item} removed."},
}

// offered are the actions that anybody may ask for, in their order.
func offered() []string {
	var names []string
	for name, row := range envelopeRows {
		if !row.admin {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
