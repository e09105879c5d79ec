package redisstore

import (
	"crypto/sha1" // Redis names scripts by it
	"embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

//go:embed scripts/*.lua scripts/parts/*.lua
var sources embed.FS

// script is a Lua script that Redis knows by its sum. It begins with the parts
// it uses, and with a local name for each of its keys, which are all that it may
// touch. No text of a user is ever part of a script: it comes as an argument.
type script struct {
	name, text, sum string
	keys            []string // suffixes, in the order in which the script takes them
	reads           bool     // it is not for a change that it is called
}

// takesRoom are the scripts that a Redis that is full refuses. The others it lets
// run, so that consumers can always drain it.
var takesRoom = map[string]bool{"post": true, "stage": true, "create": true, "subscribe": true}

// reads are the scripts whose answer is worth as much on one server as on many.
var reads = map[string]bool{
	"format": true, "get": true, "getclaim": true, "list": true, "listsubs": true, "mark": true, "stats": true, "strike": true,
	"sweep": true, "time": true,
}

func loadScripts() (map[string]*script, error) {
	files, err := sources.ReadDir("scripts")
	if err != nil {
		return nil, err
	}
	all := map[string]*script{}
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		name := strings.TrimSuffix(f.Name(), ".lua")
		if all[name], err = loadScript(name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func loadScript(name string) (*script, error) {
	l := &linker{seen: map[string]bool{}}
	if err := l.add("scripts/" + name + ".lua"); err != nil {
		return nil, err
	}
	head := "#!lua flags=allow-oom\n"
	if takesRoom[name] {
		head = "#!lua\n" // without the line a full Redis would fail it half way
	}
	text := head + locals(l.keys) + l.text.String()
	sum := sha1.Sum([]byte(text))
	return &script{name: name, text: text, sum: hex.EncodeToString(sum[:]), keys: l.keys, reads: reads[name]}, nil
}

// locals names the keys.
func locals(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	places := make([]string, len(keys))
	for i := range keys {
		places[i] = fmt.Sprintf("KEYS[%d]", i+1)
	}
	return "local " + strings.Join(keys, ", ") + " = " + strings.Join(places, ", ") + "\n"
}

// linker puts a file behind the parts that it says it uses, each once. What it
// says stands in its first lines: "-- keys: …" and "-- uses: …".
type linker struct {
	seen map[string]bool
	keys []string
	text strings.Builder
}

func (l *linker) add(path string) error {
	if l.seen[path] {
		return nil
	}
	l.seen[path] = true
	b, err := sources.ReadFile(path)
	if err != nil {
		return err
	}
	text := string(b)
	for _, k := range said(text, "keys") {
		if !slices.Contains(l.keys, k) {
			l.keys = append(l.keys, k)
		}
	}
	for _, part := range said(text, "uses") {
		if err := l.add("scripts/parts/" + part + ".lua"); err != nil {
			return err
		}
	}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "-- ") { // every connection of Redis to a replica carries the text
			l.text.WriteString(line)
		}
	}
	return nil
}

func said(text, what string) []string {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "-- "+what+": "); ok {
			return strings.Fields(rest)
		}
	}
	return nil
}
