package redisstore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
)

// holding is a scene with a claim that holds all of its messages.
func holding(t *testing.T, messages int) (*scene, storage.Claim) {
	t.Helper()
	s := stage(t, "", messages)
	c, err := s.d.CreateClaim(t.Context(), s.order("c"))
	must(t, err)
	if len(c.Messages) != messages {
		t.Fatalf("claimed %d", len(c.Messages))
	}
	return s, c
}

func idsOf(ms []storage.Message) (ids []string) {
	for _, m := range ms {
		ids = append(ids, m.ID)
	}
	return ids
}

// delete deletes under the claim, and wants so many messages left.
func (s *scene) delete(t *testing.T, left int, ids ...string) {
	t.Helper()
	must(t, s.d.DeleteMessages(t.Context(), s.id, ids, []string{"c"}, s.now))
	if n := s.total(t); n != left {
		t.Errorf("%d messages are left of %v, want %d", n, ids, left)
	}
}

// TestDeleteWholeClaim deletes all that a claim holds, in order and not: nothing
// of the claim, of changes and of the messages stays behind.
func TestDeleteWholeClaim(t *testing.T) {
	for name, sort := range map[string]func([]string){"in order": slices.Sort[[]string], "the other way": slices.Reverse[[]string]} {
		t.Run(name, func(t *testing.T) {
			s, c := holding(t, 2)
			must(t, s.d.RenewClaim(t.Context(), s.id, "c", s.now, s.now.Add(2*time.Hour), s.now.Add(3*time.Hour))) // changes them
			ids := idsOf(c.Messages)
			sort(ids)
			s.delete(t, 0, ids...)
			for _, suffix := range []string{"h", "o", "c", "b", "v"} {
				if n := s.client(t).Exists(t.Context(), "{p:jobs}"+suffix).Val(); n != 0 {
					t.Errorf("%s is still there", suffix)
				}
			}
		})
	}
}

// TestDeleteOtherEpoch names the positions that a claim holds in another life.
func TestDeleteOtherEpoch(t *testing.T) {
	s, c := holding(t, 1)
	at, _ := storage.ParseMarker(c.Messages[0].ID)
	s.delete(t, 1, storage.PositionText(at.Epoch+1, at.Position))
	s.delete(t, 0, c.Messages[0].ID)
}

// TestDeletePlaceOfOther names the position of a message whose ID is not that
// position.
func TestDeletePlaceOfOther(t *testing.T) {
	s := stage(t, "", 0)
	p := postOf(s.id, s.now, "late")
	p.Drafts[0].Visible = s.now.Add(time.Second)
	_, err := s.d.PostMessages(t.Context(), p)
	must(t, err)
	s.now = s.now.Add(2 * time.Second)
	c, err := s.d.CreateClaim(t.Context(), s.order("c"))
	must(t, err)
	if len(c.Messages) != 1 {
		t.Fatalf("claimed %d", len(c.Messages))
	}
	m := c.Messages[0]
	at, _ := storage.ParseMarker(m.ID)
	s.delete(t, 1, storage.PositionText(at.Epoch, m.Position))
	s.delete(t, 0, m.ID)
}
