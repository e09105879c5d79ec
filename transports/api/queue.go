package api

import "slices"

// Queue is the queue that a call names, as its operation will read it; "" if it
// names none, or the body cannot be read.
func (c *Call) Queue() string {
	if slices.Contains(c.Params.Own, fieldQueue) {
		return c.queueParam()
	}
	r := newReader(c.Body)
	if kind, err := r.kind(); err != nil || kind != '{' {
		return ""
	}
	queue := ""
	err := r.members(func(name []byte) error {
		if string(name) != fieldQueue {
			return r.skip()
		}
		v, err := r.value()
		if err != nil {
			return err
		}
		return setValue(fieldQueue, &queue, v)
	})
	if err != nil {
		return ""
	}
	return queue
}

func (c *Call) queueParam() (queue string) {
	for _, p := range c.Params.Given {
		if p.Field == fieldQueue && p.Value != "" {
			queue = p.Value
		}
	}
	return queue
}
