package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/stackforge/marconi/core"
)

// AnyProject is the Project of a token that lets its bearer name any.
const AnyProject = "*"

const (
	prefix   = "mrc_" // by which tools that look for leaked secrets can know a token
	shortest = 22     // characters: 128 bits take as many in base64
)

// Token is what is kept of a token: who its bearer is, and nothing by which to
// become its bearer.
type Token struct {
	Name    string    `json:"name"`             // for people: whose it is
	SHA256  string    `json:"sha256"`           // of the token, in hexadecimal
	Project string    `json:"project"`          // the only one it opens, or AnyProject
	Roles   []string  `json:"roles,omitempty"`  // of its bearer
	Expires time.Time `json:"expires,omitzero"` // the instant from which it opens nothing; zero: never
}

// NewToken makes a secret of 256 random bits and completes t with its hash. The
// secret is nowhere else.
func NewToken(t Token) (secret string, made Token, err error) {
	var bits [32]byte
	_, _ = rand.Read(bits[:]) // it never fails: the program ends first
	secret = prefix + base64.RawURLEncoding.EncodeToString(bits[:])
	sum := sha256.Sum256([]byte(secret))
	t.SHA256 = hex.EncodeToString(sum[:])
	if _, err := t.check(); err != nil {
		return "", Token{}, err
	}
	return secret, t, nil
}

// Line is t as ParseTokens reads it, without the line's end.
func (t Token) Line() (string, error) {
	line, err := json.Marshal(t)
	return string(line), err
}

// check names the first thing that is wrong with t and otherwise answers its hash.
func (t Token) check() (sum [sha256.Size]byte, err error) {
	raw, err := hex.DecodeString(t.SHA256)
	switch {
	case t.Name == "":
		return sum, errors.New(`"name" is missing`)
	case t.SHA256 == "":
		return sum, errors.New(`"sha256" is missing`)
	case err != nil || len(raw) != sha256.Size:
		return sum, fmt.Errorf(`"sha256" must be %d hexadecimal digits`, 2*sha256.Size)
	case t.Project == "":
		return sum, fmt.Errorf(`"project" is missing; %q stands for any`, AnyProject)
	case utf8.RuneCountInString(t.Project) > core.MaxProjectID:
		return sum, fmt.Errorf(`"project" is longer than %d characters`, core.MaxProjectID)
	case slices.ContainsFunc(t.Roles, noRole):
		return sum, errors.New(`"roles" holds a text that is no role: empty, or with a comma or blanks around it`)
	}
	return [sha256.Size]byte(raw), nil
}

func noRole(role string) bool {
	return role == "" || strings.Contains(role, ",") || strings.TrimSpace(role) != role
}
