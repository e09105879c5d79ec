package auth

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
)

// ParseTokens reads a token file: a JSON object a line, with the members of
// Token. Blank lines are passed over, and so are those that begin with '#'. Its
// errors name the line.
func ParseTokens(text []byte) ([]Token, error) {
	found, err := parse(text)
	return found.tokens, err
}

// roll is what a file holds.
type roll struct {
	tokens []Token
	byHash map[[sha256.Size]byte]int // which of tokens
}

func parse(text []byte) (roll, error) {
	found := roll{byHash: make(map[[sha256.Size]byte]int)}
	lines := make([]int, 0, 16) // on which each token stands
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		t, sum, err := parseLine(line)
		if err != nil {
			return roll{}, fmt.Errorf("line %d: %w", number, err)
		}
		if at, taken := found.byHash[sum]; taken {
			return roll{}, fmt.Errorf("line %d: the same token stands on line %d", number, lines[at])
		}
		found.byHash[sum] = len(found.tokens)
		found.tokens = append(found.tokens, t)
		lines = append(lines, number)
	}
	return found, nil
}

func parseLine(line []byte) (t Token, sum [sha256.Size]byte, err error) {
	if line[0] != '{' {
		return t, sum, errors.New("not a JSON object")
	}
	if err := json.Unmarshal(line, &t, json.RejectUnknownMembers(true)); err != nil {
		return t, sum, plain(err)
	}
	sum, err = t.check()
	return t, sum, err
}

// plain says without Go's types what is wrong with a line.
func plain(err error) error {
	var s *json.SemanticError
	if !errors.As(err, &s) {
		return err
	}
	if errors.Is(err, json.ErrUnknownName) {
		return fmt.Errorf("unknown key %q; there are: name, sha256, project, roles, expires", s.JSONPointer.LastToken())
	}
	return fmt.Errorf("%q cannot be read", s.JSONPointer.LastToken())
}
