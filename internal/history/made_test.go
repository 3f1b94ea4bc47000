package history

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/record"
)

func TestMade(t *testing.T) {
	of := func(branch, base string) func(*record.Record) {
		return func(r *record.Record) { r.Commit.Branch, r.Commit.BaseBranch = branch, base }
	}
	for name, c := range map[string]struct {
		before []func(*record.Record) // from the oldest to the newest
		want   string
	}{
		"nothing there":               {nil, ""},
		"the last of the branch":      {[]func(*record.Record){of("topic", "main"), of("topic", "main"), of("main", "")}, "k1"},
		"another branch":              {[]func(*record.Record){of("other", "main"), of("main", "")}, ""},
		"a branch of that name alone": {[]func(*record.Record){of("topic", "")}, ""},
		"the last failed": {[]func(*record.Record){of("topic", "main"), func(r *record.Record) {
			of("topic", "main")(r)
			r.Status = record.Failed
		}}, ""},
		"one whose clock is ahead": {[]func(*record.Record){of("topic", "main"), func(r *record.Record) {
			of("topic", "main")(r)
			r.StartedAt = r.StartedAt.AddDate(10, 0, 0)
		}}, "k0"},
		"another salt": {[]func(*record.Record){func(r *record.Record) {
			of("topic", "main")(r)
			r.SaltID = "0123456789abcdef"
		}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			for i, change := range c.before {
				r := build(s, t, i, "k"+string(rune('0'+i)))
				change(r)
				put(t, s, r)
			}
			head := build(s, t, 100, "a b c")
			of("topic", "main")(head)
			put(t, s, head) // a build made nothing before itself
			if got := strings.Join(slices.Sorted(maps.Keys(s.Made(t.Context(), head))), " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
