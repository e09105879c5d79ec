package zmqtest

import (
	"encoding/json"
	"errors"
	"fmt"
)

// apart takes the bodies of messages out of a post. What is none as it should be is
// left as it is.
func apart(body []byte) (rest json.RawMessage, bodies [][]byte) {
	var post document
	var messages, each []document
	if json.Unmarshal(body, &post) != nil || json.Unmarshal(post["messages"], &messages) != nil || len(messages) == 0 {
		return body, nil
	}
	for _, m := range messages {
		if m["body"] == nil || m["ttl"] == nil && m["delay"] == nil && len(m) > 1 {
			return body, nil
		}
		bodies = append(bodies, m["body"])
		delete(m, "body")
		if len(m) == 0 {
			m = nil
		}
		each = append(each, m)
	}
	delete(post, "messages")
	post["each"], _ = json.Marshal(each)
	rest, _ = json.Marshal(post)
	return rest, bodies
}

// together puts the bodies of messages back into a result.
func together(body json.RawMessage, frames [][]byte) (json.RawMessage, error) {
	var result document
	if err := json.Unmarshal(body, &result); err != nil {
		return nil, err
	}
	var one document
	if json.Unmarshal(result["messages"], &one) == nil {
		list, err := whole([]document{one}, frames)
		if err != nil {
			return nil, err
		}
		result["messages"] = list[0]
		return json.Marshal(result)
	}
	var messages []document
	if err := json.Unmarshal(result["messages"], &messages); err != nil {
		return nil, err
	}
	list, err := whole(messages, frames)
	if err != nil {
		return nil, err
	}
	result["messages"], _ = json.Marshal(list)
	return json.Marshal(result)
}

func whole(messages []document, frames [][]byte) (list []json.RawMessage, err error) {
	if len(messages) != len(frames) {
		return nil, fmt.Errorf("%d frames for %d messages", len(frames), len(messages))
	}
	for i, m := range messages {
		if m["body"] != nil {
			return nil, errors.New("a message has a body and a frame")
		}
		m["body"] = frames[i]
		if string(m["body_encoding"]) == `"raw"` { // as doors show it that know JSON only
			m["body"], _ = json.Marshal(frames[i])
			m["body_encoding"] = json.RawMessage(`"base64"`)
		}
		text, err := json.Marshal(m)
		if err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, nil
}
