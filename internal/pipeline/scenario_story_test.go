package pipeline_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/layercause/layercause/internal/pipeline"
)

// A story is one file of testdata/scenarios: builds with edits between them, and
// what the last build's report must say. README.md there describes the format.
type story struct {
	name string
	acts []act
	// only are the caches that the story needs to be told through; without them it
	// is told through the daemon's and a registry's. also are more of them.
	only, also []string
	// tree and edits are files by path; the edits, and what is published or
	// committed, also by their folder.
	tree  map[string]string
	edits map[string]map[string]string
	// want is the expected report by cache, "" for all that have none of their own.
	want map[string]string
}

// act is one line of a story: a command and its words.
type act struct {
	line  int
	name  string
	words []string
}

func readStory(path string) (*story, error) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		return nil, err
	}
	s := &story{
		name: strings.TrimSuffix(filepath.Base(path), ".txtar"),
		tree: map[string]string{}, edits: map[string]map[string]string{}, want: map[string]string{},
	}
	for n, line := range strings.Split(string(a.Comment), "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		switch words[0] {
		case "only":
			s.only = words[1:]
			continue
		case "also":
			s.also = words[1:]
			continue
		}
		s.acts = append(s.acts, act{n + 1, words[0], words[1:]})
	}
	if len(s.acts) == 0 {
		s.acts = []act{{0, "build", nil}, {0, "edit", nil}, {0, "build", nil}}
	}
	for _, f := range a.Files {
		dir, rest, _ := strings.Cut(f.Name, "/")
		switch {
		case f.Name == "want":
			s.want[""] = string(f.Data)
		case strings.HasPrefix(f.Name, "want "):
			s.want[strings.TrimPrefix(f.Name, "want ")] = string(f.Data)
		case s.names(dir):
			if s.edits[dir] == nil {
				s.edits[dir] = map[string]string{}
			}
			s.edits[dir][rest] = string(f.Data)
		default:
			s.tree[f.Name] = string(f.Data)
		}
	}
	return s, s.check()
}

// names says that an act of the story takes its files from this folder.
func (s *story) names(dir string) bool {
	return slices.ContainsFunc(s.acts, func(a act) bool { return a.folder() == dir })
}

// folder is the folder of the archive that an act takes its files from: the one it
// names, else one of its own name.
func (a act) folder() string {
	switch {
	case a.name != "edit" && a.name != "publish" && a.name != "push":
		return ""
	case len(a.words) == 0:
		return a.name
	default:
		return a.words[0]
	}
}

// served says that the story wants a web server.
func (s *story) served() bool {
	return slices.ContainsFunc(s.acts, func(a act) bool { return a.name == "publish" || a.name == "push" })
}

// check finds mistakes that would make a story say less than it seems to.
func (s *story) check() error {
	if len(s.want) == 0 {
		return errors.New("the story has no want")
	}
	for _, cache := range slices.Concat(s.only, s.also, slices.Collect(maps.Keys(s.want))) {
		if cache != "" && !slices.Contains(caches, cache) {
			return fmt.Errorf("there is no cache %q", cache)
		}
	}
	if !slices.ContainsFunc(caches, s.through) {
		return errors.New("the story is told through no cache")
	}
	for _, cache := range caches {
		_, own := s.want[cache]
		_, common := s.want[""]
		switch told := s.through(cache); {
		case told && !own && !common:
			return fmt.Errorf("the story has no want for %s", cache)
		case own && !told:
			return fmt.Errorf("the story has a want for %s and is not told through it", cache)
		}
	}
	for _, a := range s.acts {
		if dir := a.folder(); dir != "" && s.edits[dir] == nil {
			return fmt.Errorf("line %d: there are no files %s/…", a.line, dir)
		}
	}
	return nil
}

// through says whether the story is told through a cache.
func (s *story) through(cache string) bool {
	told := s.only
	if told == nil {
		told = []string{throughDaemon, throughRegistry}
	}
	return slices.Contains(told, cache) || slices.Contains(s.also, cache)
}

// expected is the report wanted through a cache.
func (s *story) expected(cache string) string {
	if w, ok := s.want[cache]; ok {
		return w
	}
	return s.want[""]
}

// flags reads the words of a build as the command line would.
func flags(words []string) (pipeline.BuildOptions, error) {
	var o pipeline.BuildOptions
	f := flag.NewFlagSet("build", flag.ContinueOnError)
	f.SetOutput(&strings.Builder{})
	for name, list := range map[string]*[]string{
		"build-arg": &o.BuildArgs, "build-context": &o.BuildContexts, "cache-from": &o.CacheFrom, "cache-to": &o.CacheTo,
		"no-cache-filter": &o.NoCacheFilter, "platform": &o.Platforms, "secret": &o.Secrets, "add-host": &o.AddHosts,
		"label": &o.Labels, "output": &o.Outputs, "allow": &o.Allow, "ulimit": &o.Ulimits, "ssh": &o.SSH,
	} {
		f.Func(name, "", func(v string) error { *list = append(*list, v); return nil })
	}
	f.StringVar(&o.File, "file", "", "")
	f.StringVar(&o.Target, "target", "", "")
	f.StringVar(&o.Network, "network", "", "")
	f.StringVar(&o.ShmSize, "shm-size", "", "")
	f.StringVar(&o.CgroupParent, "cgroup-parent", "", "")
	f.BoolVar(&o.NoCache, "no-cache", false, "")
	f.BoolVar(&o.Pull, "pull", false, "")
	f.BoolVar(&o.Verify, "verify", false, "")
	if err := f.Parse(words); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", f.Arg(0))
	}
	return o, nil
}

// write puts files into a folder, with a mode that no umask changes.
func write(dir string, files map[string]string) error {
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := makeFolder(filepath.Dir(path)); err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if fi, err := os.Lstat(path); err == nil {
			mode = fi.Mode().Perm()
			if err := os.Remove(path); err != nil {
				return err
			}
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			return err
		}
		if err := os.Chmod(path, mode); err != nil {
			return err
		}
	}
	return nil
}

func makeFolder(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := makeFolder(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return os.Chmod(dir, 0o755)
}
