package workflow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/layercause/layercause/internal/action"
)

// Bounds on a workflow file.
const (
	MaxSize  = 256 << 10 // bytes
	maxSteps = 1000
)

// builds are the actions that build an image with a step's inputs.
var builds = regexp.MustCompile(`^(docker/build-push-action|layercause/layercause)@`)

// Step is one step of a workflow that builds an image.
type Step struct {
	Path string // of the workflow, as it was given to [Read]
	Job  string
	// Number is the step's index in its job.
	Number int
	Line   int // of the step, counted from 1
	Uses   string
	// Context, File and Target are as written, with expressions; File and Target
	// may be empty.
	Context, File, Target string
	// The lists have one entry each, as the action reads them.
	BuildArgs, CacheFrom, CacheTo, Outputs, Platforms, Secrets []string
	// Matrix are the values of the job's matrix that stand in the file, by name.
	Matrix map[string][]string

	written map[string]string // inputs, as written
}

// Read finds the steps of a workflow file that build an image, in the order of
// the file. A job that is another one's, by an alias, is passed over.
func Read(path string, text []byte) ([]Step, error) {
	doc, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("reading workflow %q: %w", path, err)
	}
	var out []Step
	jobs := child(root(doc), "jobs")
	for i, n := 0, 0; jobs != nil && i+1 < len(jobs.Content); i += 2 {
		job := jobs.Content[i+1]
		steps := child(job, "steps")
		if steps == nil || steps.Kind != yaml.SequenceNode {
			continue
		}
		for number, node := range steps.Content {
			if n++; n > maxSteps {
				return out, nil
			}
			uses := scalar(child(node, "uses"))
			if !builds.MatchString(uses) {
				continue
			}
			s := newStep(child(node, "with"))
			s.Path, s.Job, s.Number, s.Line, s.Uses = path, jobs.Content[i].Value, number, node.Line, uses
			s.Matrix = matrix(child(child(job, "strategy"), "matrix"))
			out = append(out, s)
		}
	}
	return out, nil
}

// parse reads a file of one document. The YAML reader itself bounds how deep it
// goes, and nodes of aliases are not expanded.
func parse(text []byte) (*yaml.Node, error) {
	if len(text) > MaxSize {
		return nil, fmt.Errorf("it has more than %d bytes", MaxSize)
	}
	var doc, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&doc); err != nil {
		return nil, err
	}
	if err := d.Decode(&more); err != io.EOF {
		return nil, errors.New("it is more than one document")
	}
	return &doc, nil
}

func root(doc *yaml.Node) *yaml.Node {
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 {
		return nil
	}
	return doc.Content[0]
}

// child gives the value of a mapping's key, or nil. Aliases are not followed: what
// stands at two places cannot be edited at one.
func child(n *yaml.Node, key string) *yaml.Node {
	_, value := pair(n, key)
	return value
}

func pair(n *yaml.Node, key string) (name, value *yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == key {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

func scalar(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return strings.TrimSpace(n.Value)
}

func newStep(with *yaml.Node) Step {
	s := Step{Context: ".", written: map[string]string{}}
	if with == nil || with.Kind != yaml.MappingNode {
		return s
	}
	for i := 0; i+1 < len(with.Content); i += 2 {
		s.written[with.Content[i].Value] = scalar(with.Content[i+1])
	}
	if c := s.written["context"]; c != "" {
		s.Context = c
	}
	s.File, s.Target = s.written["file"], s.written["target"]
	for name, list := range map[string]*[]string{
		"build-args": &s.BuildArgs, "cache-from": &s.CacheFrom, "cache-to": &s.CacheTo, "secrets": &s.Secrets,
		"outputs": &s.Outputs,
	} {
		*list, _ = action.ParseList(s.written[name], action.Lines)
	}
	s.Platforms, _ = action.ParseList(s.written["platforms"], action.Words)
	return s
}

// matrix gives the values of a matrix that stand in the file, those of its include
// too. What an expression makes is not known: such a name has none.
func matrix(n *yaml.Node) map[string][]string {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	out := map[string][]string{}
	add := func(name string, value *yaml.Node) {
		if v := scalar(value); v != "" && !slices.Contains(out[name], v) {
			out[name] = append(out[name], v)
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i].Value, n.Content[i+1]
		if value.Kind != yaml.SequenceNode || name == "exclude" {
			continue
		}
		for _, x := range value.Content {
			if name != "include" {
				add(name, x)
				continue
			}
			for j := 0; x.Kind == yaml.MappingNode && j+1 < len(x.Content); j += 2 {
				add(x.Content[j].Value, x.Content[j+1])
			}
		}
	}
	return out
}
