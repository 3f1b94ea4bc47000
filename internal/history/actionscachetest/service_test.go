package actionscachetest_test

import (
	"bytes"
	"errors"
	"os"
	"testing"

	actionscache "github.com/tonistiigi/go-actions-cache"

	"github.com/layercause/layercause/internal/history/actionscachetest"
)

// TestService holds the service, in both versions, to what GitHub says of its
// own: an entry is written once, a pull request reads what its base wrote and
// writes for itself alone.
func TestService(t *testing.T) {
	for name, v2 := range map[string]bool{"v1": false, "v2": true} {
		t.Run(name, func(t *testing.T) {
			service := actionscachetest.Start(t)
			open := func(scopes ...actionscachetest.Scope) *actionscache.Cache {
				t.Helper()
				c, err := actionscache.New(service.Token(t, scopes...), service.URL, v2, actionscache.Opt{})
				if err != nil {
					t.Fatal(err)
				}
				return c
			}
			load := func(c *actionscache.Cache, keys ...string) string {
				t.Helper()
				e, err := c.Load(t.Context(), keys...)
				if err != nil || e == nil {
					return ""
				}
				var b bytes.Buffer
				if err := e.WriteTo(t.Context(), &b); err != nil {
					t.Fatal(err)
				}
				return e.Key + "=" + b.String()
			}
			save := func(c *actionscache.Cache, key, text string) error {
				return c.Save(t.Context(), key, actionscache.NewBlob([]byte(text)))
			}
			main := open(actionscachetest.Scope{Scope: "refs/heads/main", Permission: 3})
			pull := open(actionscachetest.Scope{Scope: "refs/pull/1/merge", Permission: 3}, actionscachetest.Scope{Scope: "refs/heads/main", Permission: 1})
			reader := open(actionscachetest.Scope{Scope: "refs/heads/main", Permission: 1})

			if err := errors.Join(save(main, "a#1", "one"), save(main, "a#2", "two"), save(pull, "b#1", "mine")); err != nil {
				t.Fatal(err)
			}
			if err := save(main, "a#2", "again"); !errors.Is(err, os.ErrExist) {
				t.Errorf("writing a key again: %v, want %v", err, os.ErrExist)
			}
			if err := save(pull, "a#2", "of the pull request"); err != nil {
				t.Errorf("writing the key of another scope: %v", err)
			}
			if err := save(reader, "c", "three"); err == nil || errors.Is(err, os.ErrExist) {
				t.Errorf("writing with a token that may only read: %v", err)
			}
			for _, c := range []struct {
				what, got, want string
			}{
				{"the newest with a prefix", load(main, "a#"), "a#2=two"},
				{"an exact key", load(main, "a#1"), "a#1=one"},
				{"the first of two keys", load(main, "none", "a#1"), "a#1=one"},
				{"the own scope first", load(pull, "a#"), "a#2=of the pull request"},
				{"the base's entry", load(pull, "a#1"), "a#1=one"},
				{"another scope's entry", load(main, "b#1"), ""},
			} {
				if c.got != c.want {
					t.Errorf("%s: got %q, want %q", c.what, c.got, c.want)
				}
			}
			// More than one block, and more than one chunk.
			large := string(bytes.Repeat([]byte("0123456789abcdef"), 3<<20))
			if err := save(main, "large", large); err != nil {
				t.Fatal(err)
			}
			if got := load(main, "large"); got != "large="+large {
				t.Errorf("a large entry comes back with %d bytes", len(got))
			}
			if n := service.Remove("refs/heads/main", "a#"); n != 2 || load(main, "a#") != "" {
				t.Errorf("removed %d entries, want 2", n)
			}
		})
	}
}
