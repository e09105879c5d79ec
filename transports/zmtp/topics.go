package zmtp

// topics tells who has subscribed to what. A subscription is the beginning of all
// topics that are meant.
type topics struct {
	byPrefix map[string]map[*Peer]struct{}
	byLength []int // how many prefixes there are of each length
	round    uint64
}

func newTopics(maxTopic int) *topics {
	return &topics{byPrefix: make(map[string]map[*Peer]struct{}), byLength: make([]int, maxTopic+1)}
}

// add says whether the peer did not have it before.
func (t *topics) add(p *Peer, prefix string) bool {
	if _, has := p.topics[prefix]; has {
		return false
	}
	if p.topics == nil {
		p.topics = make(map[string]struct{})
	}
	p.topics[prefix] = struct{}{}
	if t.byPrefix[prefix] == nil {
		t.byPrefix[prefix] = make(map[*Peer]struct{})
		t.byLength[len(prefix)]++
	}
	t.byPrefix[prefix][p] = struct{}{}
	return true
}

// remove says whether the peer had it.
func (t *topics) remove(p *Peer, prefix string) bool {
	if _, has := p.topics[prefix]; !has {
		return false
	}
	delete(p.topics, prefix)
	delete(t.byPrefix[prefix], p)
	if len(t.byPrefix[prefix]) == 0 {
		delete(t.byPrefix, prefix)
		t.byLength[len(prefix)]--
	}
	return true
}

// readers calls tell once for each peer that has subscribed to a beginning of topic,
// at the cost of a look for each length that a subscription has.
func (t *topics) readers(topic []byte, tell func(*Peer)) {
	t.round++
	for n := 0; n < len(t.byLength) && n <= len(topic); n++ {
		if t.byLength[n] == 0 {
			continue
		}
		for p := range t.byPrefix[string(topic[:n])] {
			if p.picked != t.round {
				p.picked = t.round
				tell(p)
			}
		}
	}
}
