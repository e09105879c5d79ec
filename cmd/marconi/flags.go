package main

import (
	"errors"
	"strings"

	"github.com/spf13/pflag"
)

// flags is what the command line says, in its order.
type flags struct {
	file     string
	settings []setting
}

// bind offers --config, --set, and a flag for each option that has one.
func (f *flags) bind(set *pflag.FlagSet) {
	set.SortFlags = false
	set.StringVar(&f.file, "config", "", "read options from a TOML `FILE` (or "+envFile+")")
	c := defaults()
	for _, o := range c.options() {
		if o.flag == "" {
			continue
		}
		name := strings.ReplaceAll(o.key, "_", "-")
		made := set.VarPF(&keyFlag{to: f, key: o.key, takes: o.flag, name: name, shown: o.value.show()}, name, "", o.about)
		if o.flag == "bool" {
			made.NoOptDefVal = "true"
		}
	}
	set.Var(&setFlag{to: f}, "set", "set any option; may be repeated")
}

// keyFlag is the flag of one option.
type keyFlag struct {
	to               *flags
	key, takes, name string
	shown            string
}

func (k *keyFlag) Set(text string) error {
	k.to.settings = append(k.to.settings, setting{key: k.key, text: text, from: "--" + k.name})
	return nil
}

func (k *keyFlag) Type() string   { return k.takes }
func (k *keyFlag) String() string { return k.shown }

// setFlag is --set.
type setFlag struct{ to *flags }

func (s *setFlag) Set(pair string) error {
	key, text, ok := strings.Cut(pair, "=")
	if !ok || key == "" {
		return errors.New("it takes key=value")
	}
	s.to.settings = append(s.to.settings, setting{key: strings.TrimSpace(key), text: text, from: "--set"})
	return nil
}

func (s *setFlag) Type() string   { return "key=value" }
func (s *setFlag) String() string { return "" }
