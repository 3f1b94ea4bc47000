package advice

import (
	"io/fs"
	"maps"
	"slices"
	"testing"

	"github.com/layercause/layercause/internal/record"
)

// An ARG may not move past an install that may read it.
func TestReadsNothing(t *testing.T) {
	for _, tt := range []struct {
		name, run string
		files     map[string]string
		nothing   bool
	}{
		{"a manifest that names it", "npm ci", map[string]string{"package.json": `{"scripts": {"build": "node version.js $SHA"}}`}, false},
		{"no variable", "npm ci", map[string]string{"package.json": `{"scripts": {"build": "vite build"}}`}, true},
		{"a script of the project", "npm ci", map[string]string{"package.json": `{"scripts": {"postinstall": "node version.js"}}`, "version.js": ""}, false},
		{"that is not run", "npm ci", map[string]string{"package.json": `{"scripts": {"postinstall": "node version.js"}}`, ".npmrc": "ignore-scripts=true"}, true},
		{"git hooks", "npm ci", map[string]string{"package.json": `{"scripts": {"prepare": "husky"}}`}, true},
		{"in a folder", "cd web && npm ci", map[string]string{"web/package.json": `{"scripts": {"postinstall": "node version.js"}}`}, false},
		{"of another folder", "npm ci", map[string]string{"package.json": "{}", "web/package.json": `{"scripts": {"postinstall": "node version.js"}}`}, true},
		{"settings", "npm ci", map[string]string{"package.json": "{}", ".npmrc": "tag=${SHA}"}, false},
		{"a digest in a lock file", "npm ci", map[string]string{"package.json": "{}", "package-lock.json": `{"integrity": "a+SHA/b"}`}, true},
		{"a build script", "gradle dependencies", map[string]string{"build.gradle": `version = System.getenv("SHA")`}, false},
		{"a Gemfile", "bundle install", map[string]string{"Gemfile": `gem "a", ref: ENV["SHA"]`}, false},
		{"a plain Gemfile", "bundle install", map[string]string{"Gemfile": `gem "a"`}, true},
		{"system packages", "apt-get update && apt-get install -y git", nil, true},
		{"anything else", "make", nil, false},
	} {
		s := sceneOf(t, "FROM a\nWORKDIR /app\nARG SHA\nCOPY . .\nRUN "+tt.run+"\n")
		s.context = &record.Manifest{Paths: slices.Sorted(maps.Keys(tt.files))}
		for range s.context.Paths {
			s.context.Modes = append(s.context.Modes, 0o644)
		}
		s.ReadFile = func(name string) ([]byte, error) {
			if text, ok := tt.files[name]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		}
		s.folders = folders(s.context)
		s.copies[3] = newCopying(s, 3)
		d := newDrop(s, 2)
		if got := d.readsNothing(4); got != tt.nothing || d.unseen {
			t.Errorf("%s: %s reads nothing: %v, want %v; unseen: %v", tt.name, tt.run, got, tt.nothing, d.unseen)
		}
	}
	s := sceneOf(t, "FROM a\nWORKDIR /app\nARG SHA\nCOPY . .\nRUN npm ci\n")
	s.context = &record.Manifest{Paths: []string{"package.json"}, Modes: []uint32{0o644}}
	s.folders = folders(s.context)
	s.copies[3] = newCopying(s, 3)
	if d := newDrop(s, 2); !d.readsNothing(4) || !d.unseen {
		t.Error("it is not said that the manifest could not be read")
	}
}
