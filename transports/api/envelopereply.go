package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/stackforge/marconi/core"
)

// AppendReply writes the answer to the request behind dst, in the encoding of the
// request: the request as it came, the result, and the status among the headers.
func (e *Envelope) AppendReply(dst []byte, r Reply) ([]byte, error) {
	if e.Codec == JSON {
		return (&answer{e, r}).append(dst) // takes no memory
	}
	return e.Codec.Append(dst, &answer{e, r})
}

// answer is a document: the reply to an envelope.
type answer struct {
	to    *Envelope
	reply Reply
}

func (a *answer) append(dst []byte) (_ []byte, err error) {
	status, body := a.to.dress(a.reply)
	dst = append(dst, '{')
	if !a.to.apart || a.to.Echo {
		dst = append(a.to.appendRequest(append(dst, `"request":`...)), ',')
	}
	if dst, err = appendResult(append(dst, `"body":`...), body, a.to.Frames); err != nil {
		return dst, err
	}
	dst = strconv.AppendInt(append(dst, `,"headers":{"status":`...), int64(status), 10)
	dst = append(dst, '}')
	if a.to.ID != "" {
		dst = append(append(dst, `,"id":`...), a.to.ID...)
	}
	return append(dst, '}'), nil
}

// appendRequest writes what was understood of the request. A token is not sent
// back to who authenticates.
func (e *Envelope) appendRequest(dst []byte) []byte {
	body, headers := e.Body, e.headers
	if e.Action == "authenticate" && !e.refused {
		body, headers = nil, nil
	}
	dst = appendOr(append(dst, `{"action":`...), e.name, "null")
	dst = appendOr(append(dst, `,"body":`...), body, "{}")
	dst = appendOr(append(dst, `,"headers":`...), headers, "{}")
	return append(dst, `,"api":"v2"}`...)
}

func appendOr(dst, text []byte, otherwise string) []byte {
	if text == nil {
		return append(dst, otherwise...)
	}
	return append(dst, text...)
}

// dress gives a reply the shape that it has in an envelope.
func (e *Envelope) dress(r Reply) (status int, body any) {
	p, bad := r.Result.(*Problem)
	switch {
	case bad:
		return e.dressProblem(r.Status, p)
	case e.row.says != "":
		return r.Status, e.say(e.row.says)
	}
	return r.Status, e.dressResult(r.Result)
}

func (e *Envelope) dressResult(result any) any {
	switch v := result.(type) {
	case core.Message:
		return oneMessage{v}
	case core.MessagesRemoved:
		if !v.Popped {
			return core.None{}
		}
	case core.ClaimCreated:
		if len(v.Messages) == 0 {
			return noClaim{}
		}
	case core.SubscriptionCreated:
		return subscriptionCreated{v.ID, e.say("Subscription {queue} created.")}
	case core.None:
		switch e.Action {
		case "authenticate":
			return authenticated{"Authentified."}
		case "get_home_doc":
			return home{offered()}
		}
	}
	return result
}

// say fills the names into a text.
func (e *Envelope) say(text string) string {
	return strings.NewReplacer("{queue}", e.Queue, "{item}", e.item).Replace(text)
}

// Results in the shape of envelopes.
type (
	oneMessage struct{ core.Message }

	noClaim struct {
		ID *string `json:"claim_id"`
	}

	subscriptionCreated struct {
		ID      string `json:"subscription_id"`
		Message string `json:"message"`
	}

	authenticated struct {
		Message string `json:"message"`
	}

	home struct {
		Actions []string `json:"actions"`
	}
)

// complaint is about the envelope, or about who sent it.
type complaint struct {
	Error string `json:"error"`
}

// trouble is what went wrong with an action: at length and, unless it is plain
// from that, in short.
type trouble struct {
	Exception string  `json:"exception"`
	Error     *string `json:"error"`
}

func (e *Envelope) dressProblem(status int, p *Problem) (int, any) {
	switch {
	case errors.Is(p.Err, errNotUnderstood), errors.Is(p.Err, ErrGrant):
		return status, complaint{p.Description}
	case status == http.StatusUnauthorized && e.Action == "authenticate":
		return status, complaint{"Authentication failed."}
	case status == http.StatusUnauthorized:
		return http.StatusForbidden, complaint{"Not authentified."} // sic: Zaqar's clients know it
	case e.row == nil:
		return status, trouble{p.Description, &p.Description}
	case status == http.StatusNotFound && e.row.absent != nil:
		return status, e.row.absent
	case status == http.StatusConflict && e.row.taken != "":
		return status, e.say(e.row.taken)
	}
	return status, e.trouble(status, p)
}

func (e *Envelope) trouble(status int, p *Problem) trouble {
	t := trouble{Exception: p.Description, Error: &p.Description}
	switch {
	case status == http.StatusBadRequest && !e.row.tells:
		t.Error = nil
		if p.Title == titleBody {
			t.Exception = "Bad request. " + p.Description
		}
	case status == http.StatusNotFound && e.row.missing == "":
		t.Error = nil
	case status == http.StatusNotFound:
		t.Error = new(e.say(e.row.missing))
	case status == http.StatusForbidden && e.row.denied != "" && !errors.Is(p.Err, errForbidden):
		t.Exception = e.say(e.row.denied)
	case status == http.StatusInternalServerError:
		t.Error = new("Unexpected error.")
	}
	return t
}
