package main

import (
	"cmp"
	"errors"
	"fmt"
)

// loaded is a config and where each of its values came from.
type loaded struct {
	config
	from map[string]string // of the keys that are not at their default
}

// load puts the sources together: the command line before the environment before
// the file before the defaults. The error, if there is one, joins all that is
// wrong with them; loaded then holds what could be read.
func load(f flags, environ []string) (*loaded, error) {
	l := &loaded{config: defaults(), from: make(map[string]string)}
	var problems []error
	var settings []setting
	if name := cmp.Or(f.file, fileIn(environ)); name != "" {
		var err error
		settings, err = fileSettings(name)
		problems = append(problems, err)
	}
	settings = append(settings, envSettings(environ)...)
	settings = append(settings, f.settings...)
	for _, s := range settings {
		problems = append(problems, l.apply(s))
	}
	problems = append(problems, l.check()...)
	return l, errors.Join(problems...)
}

func (l *loaded) apply(s setting) error {
	for _, o := range l.options() {
		if o.key != s.key {
			continue
		}
		if s.err == nil {
			s.err = o.value.set(s.text)
		}
		if s.err != nil {
			return fmt.Errorf("%s (%s) %w", s.key, s.from, s.err)
		}
		l.from[s.key] = s.from
		return nil
	}
	return l.unknown(s)
}

// unknown names the key that was perhaps meant.
func (l *loaded) unknown(s setting) error {
	var keys []string
	for _, o := range l.options() {
		keys = append(keys, o.key)
	}
	return fmt.Errorf("%s (%s) is not known%s", s.key, s.from, nearest("; the nearest key is %s", s.key, keys))
}

// origin says where a key's value came from.
func (l *loaded) origin(key string) string {
	return cmp.Or(l.from[key], "default")
}

// at is a key with its value and origin, for messages.
func (l *loaded) at(key string) string {
	for _, o := range l.options() {
		if o.key == key {
			return fmt.Sprintf("%s = %q (%s)", key, o.value.show(), l.origin(key))
		}
	}
	return key
}
