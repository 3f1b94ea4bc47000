package settings

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Parse reads the text of a settings file. The path is only used in messages. With
// an error come the settings that could be understood: one wrong name must not
// turn on what another one turns off.
func Parse(path string, text []byte, rules []string) (Settings, error) {
	p := parser{path: path, rules: rules}
	if len(text) > sizeLimit {
		p.fail(nil, "shorten it", "it is over %d KiB", sizeLimit>>10)
		return Settings{}, p.err
	}
	var doc yaml.Node
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return Settings{}, nil // nothing, or comments alone
	} else if err != nil {
		p.syntax(err)
		return Settings{}, p.err
	}
	var more yaml.Node
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		p.fail(&more, "keep the first document and remove the others", "it has a second YAML document")
	}
	p.top(doc.Content[0])
	if p.err != nil {
		return p.out, p.err
	}
	return p.out, nil
}

type parser struct {
	path  string
	rules []string
	out   Settings
	err   *Error
}

// fail keeps the first fault.
func (p *parser) fail(n *yaml.Node, hint, format string, args ...any) {
	if p.err != nil {
		return
	}
	p.err = &Error{Path: p.path, Problem: fmt.Sprintf(format, args...), Hint: hint}
	if n != nil {
		p.err.Line = n.Line
	}
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (p *parser) syntax(err error) {
	m := yamlLine.FindStringSubmatch(err.Error())
	p.fail(nil, "docs/settings.md shows what the file may hold", "it is no YAML: %s", quoted(yamlLine.ReplaceAllString(err.Error(), "")))
	if len(m) > 1 && p.err.Line == 0 {
		p.err.Line, _ = strconv.Atoi(m[1])
	}
}

const keysHint = "the keys are suggestions, and in it off and commits"

func (p *parser) top(n *yaml.Node) {
	if isNull(n) {
		return
	}
	p.keys(n, "the file", map[string]func(*yaml.Node){
		"suggestions": func(n *yaml.Node) {
			if isNull(n) {
				return
			}
			p.keys(n, "suggestions", map[string]func(*yaml.Node){"off": p.off, "commits": p.commits})
		},
	})
}

// keys hands the values of a mapping to who reads them.
func (p *parser) keys(n *yaml.Node, what string, read map[string]func(*yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.fail(n, keysHint, "%s has to be keys with values", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		use, known := read[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || !known:
			p.fail(key, keysHint, "the key %s is unknown", quoted(key.Value))
		case seen[key.Value]:
			p.fail(key, "keep one of them", "the key %s stands there twice", quoted(key.Value))
		default:
			seen[key.Value] = true
			use(value)
		}
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// off takes a list of rules, or one.
func (p *parser) off(n *yaml.Node) {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	var off []string
	for _, x := range list {
		switch {
		case isNull(x) && n.Kind != yaml.SequenceNode: // "off:" with nothing
		case x.Kind != yaml.ScalarNode:
			p.fail(x, "write off: [rule, rule]", "suggestions.off has to be names of rules")
		case x.Value == All:
			off = append(off, p.rules...)
		case !slices.Contains(p.rules, x.Value):
			p.fail(x, known(p.rules), "there is no rule %s", quoted(x.Value))
		default:
			off = append(off, x.Value)
		}
	}
	slices.Sort(off)
	p.out.Suggestions.Off = slices.Compact(off)
}

func (p *parser) commits(n *yaml.Node) {
	var commits int
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || n.Decode(&commits) != nil || commits < 1 || commits > MaxCommits {
		p.fail(n, fmt.Sprintf("write a number from 1 to %d", MaxCommits), "suggestions.commits is no number of commits")
		return
	}
	p.out.Suggestions.Commits = commits
}
