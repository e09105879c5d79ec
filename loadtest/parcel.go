package loadtest

import (
	"fmt"
	"hash/crc32"

	"github.com/stackforge/marconi/clients/go"
)

// parcel is the body of a check's message. It names the message and shows whether
// it was damaged on the way.
type parcel struct {
	Producer string `json:"producer"`
	Seq      int    `json:"seq"`
	Pad      string `json:"pad"`
	Sum      uint32 `json:"sum"`
}

func pack(item Item, pad string) parcel {
	p := parcel{Producer: item.Producer, Seq: item.Seq, Pad: pad}
	p.Sum = p.sum()
	return p
}

func (p parcel) sum() uint32 {
	return crc32.ChecksumIEEE(fmt.Appendf(nil, "%s\x00%d\x00%s", p.Producer, p.Seq, p.Pad))
}

// itemsOf names messages by their bodies.
func itemsOf(messages []client.Message) []Item {
	items := make([]Item, len(messages))
	for i, m := range messages {
		items[i].ID = m.ID
		var p parcel
		if m.Decode(&p) == nil && p.Sum == p.sum() {
			items[i].Producer, items[i].Seq = p.Producer, p.Seq
		}
	}
	return items
}
