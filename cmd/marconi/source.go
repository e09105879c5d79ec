package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// setting is a value that somebody gave a key.
type setting struct {
	key, text string
	from      string // for people
	err       error  // if there is no text, why
}

const (
	envPrefix = "MARCONI_"
	envFile   = envPrefix + "CONFIG" // names the file
)

func envName(key string) string { return envPrefix + strings.ToUpper(key) }

// fileSettings reads a TOML file of keys and values.
func fileSettings(name string) ([]setting, error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the configuration file %s does not exist", name)
	}
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	return parseFile(name, string(data))
}

func parseFile(name, data string) ([]setting, error) {
	var values map[string]any
	_, err := toml.Decode(data, &values)
	var wrong toml.ParseError
	if errors.As(err, &wrong) {
		return nil, fmt.Errorf("%s, line %d: %s", name, wrong.Position.Line, wrong.Message)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var settings []setting
	for _, key := range slices.Sorted(maps.Keys(values)) {
		s := setting{key: key, from: name}
		s.text, s.err = plainText(values[key])
		settings = append(settings, s)
	}
	return settings, nil
}

// plainText is a value of a file as one of the environment would be written.
func plainText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	return "", errors.New("must be a text, a whole number, or true or false")
}

// envSettings reads the variables that begin with MARCONI_. Those that Kubernetes
// makes for a service called marconi are not meant for us.
func envSettings(environ []string) []setting {
	serviceLink := regexp.MustCompile(`^MARCONI(_[A-Z0-9_]+)?_` +
		`(SERVICE_HOST=|SERVICE_PORT(_[A-Z0-9_]+)?=|PORT=[a-z]+://|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?=)`)
	var settings []setting
	for _, pair := range environ {
		name, text, _ := strings.Cut(pair, "=")
		rest, ours := strings.CutPrefix(name, envPrefix)
		if !ours || name == envFile || serviceLink.MatchString(pair) {
			continue
		}
		s := setting{key: strings.ToLower(rest), text: text, from: name}
		if name != envName(s.key) {
			s.err = errors.New("must be in capitals: " + envName(s.key))
		}
		settings = append(settings, s)
	}
	return settings
}

// fileIn is the configuration file that the environment names, or "".
func fileIn(environ []string) string {
	for _, pair := range environ {
		if name, ok := strings.CutPrefix(pair, envFile+"="); ok {
			return name
		}
	}
	return ""
}
