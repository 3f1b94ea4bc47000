package ociartifact_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAThrottledRegistryIsAskedAgain says 429 to the first requests of each kind, the
// uploads among them, which have to be sent whole again.
func TestAThrottledRegistryIsAskedAgain(t *testing.T) {
	for name, after := range map[string]func() string{
		"no time":  func() string { return "" },
		"now":      func() string { return "0" },
		"a second": func() string { return "1" },
		"a date":   func() string { return time.Now().Add(time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t)
			s := r.open(t)
			if err := add(t.Context(), s, "app", "a"); err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			refused := map[string]bool{}
			r.set(func(w http.ResponseWriter, q *http.Request) bool {
				kind := q.Method
				if strings.Contains(q.URL.Path, "/manifests/") {
					kind += " manifest"
				}
				mu.Lock()
				defer mu.Unlock()
				if refused[kind] {
					return false
				}
				refused[kind] = true
				if at := after(); at != "" {
					w.Header().Set("Retry-After", at)
				}
				w.WriteHeader(http.StatusTooManyRequests)
				return true
			})
			if err := add(t.Context(), s, "app", "b"); err != nil {
				t.Fatal(err)
			}
			for _, kind := range []string{"GET manifest", "POST", "PUT", "PUT manifest", "HEAD manifest"} {
				if !refused[kind] {
					t.Errorf("no %s was refused: %v", kind, refused)
				}
			}
			if diff := cmp.Diff([]string{"a b "}, load(t, s, "app")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestPatienceEnds has a registry that says 429 and nothing else. It is asked a few
// times, not at all where it names a time that there is not, and the error tells why.
func TestPatienceEnds(t *testing.T) {
	for _, c := range []struct {
		after       string
		time        time.Duration
		least, most int32
	}{
		{"", time.Minute, 3, 5},
		{"0", time.Minute, 5, 13},
		{"1", time.Minute, 3, 4},
		{"1", 500 * time.Millisecond, 1, 1},
		{"60", time.Minute, 1, 1},
		{"Fri, 31 Dec 2100 23:59:59 GMT", time.Minute, 1, 1},
		{"-5", 100 * time.Millisecond, 1, 1},
		{"soon", 100 * time.Millisecond, 1, 1},
		{"99999999999999999999", 100 * time.Millisecond, 1, 1},
	} {
		t.Run(c.after+" in "+c.time.String(), func(t *testing.T) {
			t.Parallel()
			r := start(t)
			var asked atomic.Int32
			r.set(func(w http.ResponseWriter, q *http.Request) bool {
				asked.Add(1)
				if c.after != "" {
					w.Header().Set("Retry-After", c.after)
				}
				w.WriteHeader(http.StatusTooManyRequests)
				return true
			})
			ctx, cancel := context.WithTimeout(t.Context(), c.time)
			defer cancel()
			begun := time.Now()
			_, err := r.open(t).Load(ctx, "app")
			if want := "the registry is asked too often (status 429)"; err == nil || err.Error() != want {
				t.Errorf("%v, want %q", err, want)
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
			if n := asked.Load(); n < c.least || n > c.most {
				t.Errorf("it was asked %d times, not %d to %d", n, c.least, c.most)
			}
		})
	}
}
