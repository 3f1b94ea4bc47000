package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// sample is a project of testdata/corpus: its files, how they changed, and which
// rules have something to say of it. README.md there describes the format.
type sample struct {
	name string
	path string // of the archive

	files                  map[string][]byte
	dockerfile, context    string
	target, platform       string
	args                   map[string]string
	every, changes, expect []string
	crlf, bom, unend       []string
}

const corpusDir = "../../testdata/corpus"

// samples reads a folder of the corpus.
func samples(t testing.TB, dir string) []*sample {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("looking for projects in %s: %d found, %v", dir, len(paths), err)
	}
	var out []*sample
	for _, p := range paths {
		s, err := readSample(p)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		out = append(out, s)
	}
	return out
}

func readSample(file string) (*sample, error) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		return nil, err
	}
	s := &sample{
		name: strings.TrimSuffix(filepath.Base(file), ".txtar"), path: file,
		files: map[string][]byte{}, args: map[string]string{}, context: ".",
	}
	for _, f := range a.Files {
		if s.has(f.Name) {
			return nil, fmt.Errorf("%s is there twice", f.Name)
		}
		s.files[f.Name] = bytes.ReplaceAll(f.Data, []byte("␍"), []byte("\r"))
	}
	for line := range strings.Lines(string(a.Comment)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			s.set(name, value)
		}
	}
	if s.dockerfile == "" {
		s.dockerfile = path.Join(s.context, "Dockerfile")
	}
	return s, s.finish()
}

func (s *sample) has(name string) bool {
	_, ok := s.files[name]
	return ok
}

// set takes a line of the head; what is no setting belongs to the description.
func (s *sample) set(name, value string) {
	list := strings.Split(value, ", ")
	switch name {
	case "file":
		s.dockerfile = value
	case "context":
		s.context = value
	case "target":
		s.target = value
	case "platform":
		s.platform = value
	case "args":
		for _, a := range list {
			if arg, ok := strings.CutSuffix(a, " every"); ok {
				s.args[arg] = "0123456789abcdef"
				s.every = append(s.every, arg)
				continue
			}
			arg, value, _ := strings.Cut(a, "=")
			s.args[arg] = value
		}
	case "changes":
		s.changes = list
	case "expect":
		if value != "none" {
			s.expect = list
		}
	case "crlf":
		s.crlf = list
	case "bom":
		s.bom = list
	case "unend":
		s.unend = list
	}
}

// finish makes of the files what an archive cannot hold, and checks them.
func (s *sample) finish() error {
	for _, name := range s.crlf {
		s.files[name] = bytes.ReplaceAll(s.files[name], []byte("\n"), []byte("\r\n"))
	}
	for _, name := range s.bom {
		s.files[name] = append([]byte("\xef\xbb\xbf"), s.files[name]...)
	}
	for _, name := range s.unend {
		s.files[name] = bytes.TrimRight(s.files[name], "\r\n")
	}
	for _, list := range [][]string{{s.dockerfile}, s.changes, s.crlf, s.bom, s.unend} {
		for _, name := range list {
			if !s.has(name) {
				return fmt.Errorf("there is no file %q", name)
			}
		}
	}
	if len(s.changes) == 0 {
		return fmt.Errorf("it does not say which files change")
	}
	for name, data := range s.files {
		if path.Ext(name) == ".json" && !json.Valid(data) {
			return fmt.Errorf("%s is no JSON", name)
		}
	}
	return nil
}

// expectNow writes into the archive which rules speak. Whether they are right is for
// a reader to judge.
func (s *sample) expectNow(rules []string) error {
	data, err := os.ReadFile(s.path)
	if err != nil {
		return err
	}
	head, rest, _ := strings.Cut(string(data), "\n-- ")
	var lines []string
	for line := range strings.SplitSeq(head, "\n") {
		if !strings.HasPrefix(line, "expect: ") {
			lines = append(lines, line)
		}
	}
	if len(rules) == 0 {
		rules = []string{"none"}
	}
	lines = append(lines, "expect: "+strings.Join(rules, ", "))
	return os.WriteFile(s.path, []byte(strings.Join(lines, "\n")+"\n-- "+rest), 0o644)
}

// commitsMade is how many commits follow a sample's first one.
const commitsMade = 6

// repository writes the sample's files into a folder, and a git repository in which
// they changed one after the other. What changes of a file is how many blank lines
// stand at its end, so that it stays what it is; the newest has none of them.
func (s *sample) repository(t testing.TB, dir string) {
	t.Helper()
	for name, data := range s.files {
		s.write(t, dir, name, data)
	}
	s.write(t, dir, ".git/HEAD", []byte("ref: refs/heads/main\n"))
	s.write(t, dir, ".git/config", []byte("[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tautocrlf = false\n"))
	for _, folder := range []string{"objects", "refs/heads"} {
		if err := os.MkdirAll(filepath.Join(dir, ".git", folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var in bytes.Buffer
	for n := range commitsMade + 1 {
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter a <a@example.com> %d +0000\ndata 0\n", 1_780_000_000+n*3600)
		for _, name := range slices.Sorted(maps.Keys(s.files)) {
			data := slices.Clone(s.files[name])
			for later := n; later < commitsMade; later++ {
				if s.changes[later%len(s.changes)] == name {
					data = append(data, '\n')
				}
			}
			fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", name, len(data), data)
		}
	}
	cmd := gitIn(t, dir, "fast-import", "--quiet")
	cmd.Stdin = &in
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making a repository of %s: %v\n%s", s.name, err, out)
	}
}

func (s *sample) write(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// gitIn is a git command with no configuration but the repository's own.
func gitIn(t testing.TB, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	return cmd
}
