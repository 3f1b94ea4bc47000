package pipeline_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
)

// checkout is a sample's repository on disk.
type checkout struct {
	*sample
	t       testing.TB
	dir     string
	commits *replay.History
}

func (s *sample) checkOut(t testing.TB, dir string) *checkout {
	t.Helper()
	s.repository(t, dir)
	return s.open(t, dir)
}

// open reads the commits of a repository that is there.
func (s *sample) open(t testing.TB, dir string) *checkout {
	t.Helper()
	c := &checkout{sample: s, t: t, dir: dir}
	var err error
	c.commits, err = replay.Read(t.Context(), replay.Options{Dir: c.dir, Context: s.context, Dockerfile: s.dockerfile})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.commits.Commits) != commitsMade+1 {
		t.Fatalf("%d commits were read", len(c.commits.Commits))
	}
	return c
}

// advise says what a repository alone shows: no build, no records. The edits are
// those that the work tree has since the newest commit.
func (c *checkout) advise(edited map[string]replay.Edit) advice.Advice {
	return advice.Suggest(c.input(edited))
}

func (c *checkout) input(edited map[string]replay.Edit) advice.Input {
	c.t.Helper()
	o := buildkit.Options{
		Context: filepath.Join(c.dir, c.context), File: filepath.Join(c.dir, c.dockerfile), Root: c.dir, Target: c.target,
		Salt: record.Salt{1}, Getenv: func(string) (string, bool) { return "", false },
	}
	if c.platform != "" {
		o.Platforms = []string{c.platform}
	}
	for name, value := range c.args {
		o.BuildArgs = append(o.BuildArgs, name+"="+value)
	}
	b, err := buildkit.Prepare(o)
	if err != nil {
		c.t.Fatal(err)
	}
	head, err := b.Survey(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	// The builder is one that lasts, as a record of the history would show.
	kept := &record.Record{
		ID: "kept", SaltID: head.SaltID, Builder: record.Builder{Driver: "unix", Worker: "w"}, Steps: []record.Step{{Instruction: -1, Status: record.Hit}},
	}
	return advice.Input{
		Head: head, Base: kept,
		Replay: func(edits map[string]replay.Edit, memory replay.Memory) (*replay.Result, error) {
			r := replay.Recipe{
				Target: c.target, Platform: c.platform, Args: c.args, Every: c.every,
				Memory: memory, Edits: map[string]replay.Edit{},
			}
			for name, e := range edited {
				r.Edits[name] = e
			}
			for name, e := range edits {
				if was, ok := edited[name]; ok {
					e.Before = was.Before
				}
				r.Edits[name] = e
			}
			return c.commits.Replay(r)
		},
		ReadFile: func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(c.dir, c.context, name)) },
	}
}
