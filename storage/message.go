package storage

import (
	"context"
	"time"
)

// Message is a message as a backend keeps it.
type Message struct {
	ID, ClientID string
	Position     Position // 0 while it is delayed
	Body         []byte   // as the caller gave it; Encoding names how
	Encoding     string
	Created      time.Time // when it was posted
	Visible      time.Time // Created, or the instant of its delay's end
	Expires      time.Time
	Since        time.Time // Created, or when a claim or burial last changed Expires: the ttl shown is Expires − Since
	Claim        string    // the live claim on it, or ""
	Claims       int       // how often it was claimed with a Bury order
	Checksum     string
}

// Draft is a message to be stored. The driver gives it its ID.
type Draft struct {
	Body             []byte
	Encoding         string
	Visible, Expires time.Time // Visible not after the post's Now: at once
	Checksum         string
}

// Post is an order to store messages.
type Post struct {
	Queue    QueueID
	ClientID string
	Now      time.Time
	Drafts   []Draft
	Once     Once
}

// Once makes a post idempotent, by a key or by a producer's sequence, never by
// both. The zero value asks for nothing.
//
// A key is scoped to the queue, whichever client sends it. The same key again,
// before Until, answers the IDs of the first post, even if the messages are
// gone; with another Sum it answers ErrKeyReused.
//
// A producer's sequence counts its posts to the queue: 1, 2, 3 … The number
// after the last one stored (1 without a record) stores. A number stored before
// is answered as Again, with its IDs if it is one of the last ProducerMemory
// posts and without IDs otherwise. Any other is an OutOfOrder error. There is
// one record a producer and queue, kept until the Until of its last post.
type Once struct {
	Key      string
	Sum      [16]byte // over what the caller counts as the content
	Producer string
	Seq      uint64
	Until    time.Time
}

// ProducerMemory is of how many of its last posts a producer's record keeps the
// IDs.
const ProducerMemory = 64

// Posted is what became of a post.
type Posted struct {
	IDs         []string // in the order of the drafts
	First, Last Position // of those that are visible at once; 0 if none, and if Again
	Again       bool     // it had been stored before
}

// MessagePage is part of a queue's log.
type MessagePage struct {
	// Next is always the text of a position or a place, never an ID, and "" on
	// an empty page.
	Page[Message]
	Epoch uint32
	Tail  Position  // as of this read: what is missing between the items and Tail is gone or left out, not late
	Wake  time.Time // as in Stats
}

// MessageFilter says which messages to list.
type MessageFilter struct {
	Queue  QueueID
	Now    time.Time
	Marker string // "", or a place after which to go on; see Messages
	Limit  int    // at least 1; counts what is left after filtering

	NotFrom        string // leaves out the messages of this client; "" leaves out nobody's
	IncludeClaimed bool   // and the resting
	IncludeDelayed bool   // behind the log, in the order they fall due
}

// Messages keeps the messages of a queue.
//
// A marker is the text of a position, of a place among the delayed, or the ID of
// a message, all of them with or without a message that is still there. A
// reader that follows markers sees every message that stays in the log and that
// its filter lets through, however posts interleave: nothing becomes visible
// behind a position already listed, and nothing is visible before it is durable.
// What a filter left out, because it was claimed, is not shown to that reader when
// it comes free behind it. A delayed message that was listed is listed again once
// it has entered the log.
//
//   - A position goes on after it.
//   - An ID under which a message came into this queue by falling due or by
//     burial goes on after the position it was given, until the message would
//     have expired; this comes before the position that the ID spells.
//   - The ID of a message still delayed goes on after the tail at its posting,
//     the drafts before it in the same post included.
//   - Any other ID of a delayed message, and any marker of another epoch, goes
//     on from the start of this life.
//   - A text that ParseMarker refuses lists nothing.
type Messages interface {
	// PostMessages stores all drafts or none, in their order. It answers
	// ErrQueueNotFound, ErrFull, ErrKeyReused or an OutOfOrder. It is StartPost
	// and Wait in one.
	PostMessages(ctx context.Context, p Post) (Posted, error)

	// StartPost starts a post, whose answer is waited for separately: it need
	// not be durable when StartPost returns. What one goroutine starts to post to
	// a queue is stored in the order in which it was started; a post that is
	// refused or fails leaves those after it as they are. StartPost may wait
	// for room while many posts are under way. Its context is that of the
	// start: a post that was started goes on when the context ends.
	//
	// With a PostMessages that is called before they are waited for, posts that
	// were started have no order.
	StartPost(ctx context.Context, p Post) Pending

	// GetMessages returns those that are there, claimed and delayed ones too,
	// each once, in the order of ids.
	GetMessages(ctx context.Context, q QueueID, ids []string, now time.Time) ([]Message, error)

	// ListMessages reads the log from a marker. A page shorter than the limit
	// is the last. It answers ErrQueueNotFound.
	ListMessages(ctx context.Context, f MessageFilter) (MessagePage, error)

	// DeleteMessage removes a message; one that is not there is no error.
	// Without a claim (""), a message under a live claim answers ErrClaimed.
	// With one, a claim that is not live in this queue answers
	// ErrClaimNotFound, a message not under a live claim ErrNotClaimed, and one
	// under another ErrClaimed.
	DeleteMessage(ctx context.Context, q QueueID, id, claim string, now time.Time) error

	// DeleteMessages removes those that are there. If claims is not nil and one
	// of them is under a live claim that is not among claims, it removes none
	// and answers ErrClaimed.
	DeleteMessages(ctx context.Context, q QueueID, ids, claims []string, now time.Time) error

	// PopMessages removes the first messages that could be claimed, at most
	// limit, and returns them. No message is popped twice, or popped and claimed.
	PopMessages(ctx context.Context, q QueueID, limit int, now time.Time) ([]Message, error)

	// PurgeMessages removes all messages, claimed and delayed ones too, and with
	// them the claims. Epoch, tail, idempotency records, outbox and
	// subscriptions stay.
	PurgeMessages(ctx context.Context, q QueueID) error
}
