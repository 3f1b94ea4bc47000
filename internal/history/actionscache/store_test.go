package actionscache_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	client "github.com/tonistiigi/go-actions-cache"

	"github.com/layercause/layercause/internal/history"
	"github.com/layercause/layercause/internal/history/actionscache"
	"github.com/layercause/layercause/internal/history/actionscachetest"
)

const (
	main = "refs/heads/main"
	pull = "refs/pull/1/merge"
)

func own(scope string) actionscachetest.Scope {
	return actionscachetest.Scope{Scope: scope, Permission: 3}
}

func read(scope string) actionscachetest.Scope {
	return actionscachetest.Scope{Scope: scope, Permission: 1}
}

// a service in one of the two versions of its API.
type service struct {
	*actionscachetest.Service
	v2 bool
}

func (s service) open(t testing.TB, scopes ...actionscachetest.Scope) *actionscache.Store {
	t.Helper()
	c, err := actionscache.New(actionscache.Options{Token: s.Token(t, scopes...), URL: s.URL, V2: s.v2})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// inBoth runs a test against either version.
func inBoth(t *testing.T, test func(*testing.T, service)) {
	for name, v2 := range map[string]bool{"v1": false, "v2": true} {
		t.Run(name, func(t *testing.T) { test(t, service{actionscachetest.Start(t), v2}) })
	}
}

func load(t testing.TB, s *actionscache.Store, name string) []string {
	t.Helper()
	found, err := s.Load(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, data := range found {
		out = append(out, string(data))
	}
	return out
}

// add appends a word.
func add(ctx context.Context, s *actionscache.Store, name, word string) error {
	return s.Update(ctx, name, func(old []byte) ([]byte, error) { return append(old, word+" "...), nil })
}

func TestScopes(t *testing.T) {
	inBoth(t, func(t *testing.T, s service) {
		branch := s.open(t, own(main))
		first := s.open(t, own(pull), read(main))
		second := s.open(t, own("refs/pull/2/merge"), read(main))
		if got := load(t, first, "app"); got != nil {
			t.Errorf("an empty cache gives %q", got)
		}
		for _, err := range []error{
			add(t.Context(), branch, "app", "a"), add(t.Context(), branch, "app", "b"), add(t.Context(), branch, "other", "x"),
			add(t.Context(), first, "app", "c"), add(t.Context(), first, "app", "d"), add(t.Context(), branch, "app", "e"),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for what, c := range map[string]struct {
			store *actionscache.Store
			want  []string
		}{
			"the default branch":   {branch, []string{"a b e "}},
			"the pull request":     {first, []string{"c d ", "a b e "}},
			"another pull request": {second, []string{"a b e "}},
		} {
			if diff := cmp.Diff(c.want, load(t, c.store, "app")); diff != "" {
				t.Errorf("%s reads (-want +got):\n%s", what, diff)
			}
		}
		// Each has one entry that nobody writes again.
		if keys := s.Keys(main); len(keys) != 4 || len(slices.Compact(slices.Sorted(slices.Values(keys)))) != 4 {
			t.Errorf("the entries of the default branch are %q, want 4", keys)
		}
	})
}

// TestNothingIsLost has jobs end at the same time.
func TestNothingIsLost(t *testing.T) {
	inBoth(t, func(t *testing.T, s service) {
		var jobs sync.WaitGroup
		var want []string
		for i := range 8 {
			word := fmt.Sprintf("job%d", i)
			want = append(want, word)
			jobs.Go(func() {
				if err := add(t.Context(), s.open(t, own(main)), "app", word); err != nil {
					t.Errorf("%s: %v", word, err)
				}
			})
		}
		jobs.Wait()
		got := load(t, s.open(t, own(main)), "app")
		if len(got) != 1 || !slices.Equal(slices.Sorted(slices.Values(strings.Fields(got[0]))), want) {
			t.Errorf("the archive holds %q, want %q", got, want)
		}
	})
}

// TestStoppedJobsBlockNobody has jobs take the next numbers and end there: the service
// keeps such a number for a day, and no other job may take it.
func TestStoppedJobsBlockNobody(t *testing.T) {
	for _, stopped := range []int{1, 2, 3, 8} {
		t.Run(fmt.Sprint(stopped), func(t *testing.T) {
			t.Parallel()
			inBoth(t, func(t *testing.T, s service) {
				t.Parallel()
				job := s.open(t, own(main))
				if err := add(t.Context(), job, "app", "a"); err != nil {
					t.Fatal(err)
				}
				s.Instead(func(w http.ResponseWriter, r *http.Request) bool {
					if r.Method == http.MethodPatch || r.Method == http.MethodPut {
						w.WriteHeader(http.StatusBadRequest)
						return true
					}
					return false
				})
				c, err := client.New(s.Token(t, own(main)), s.URL, s.v2, client.Opt{})
				if err != nil {
					t.Fatal(err)
				}
				base := strings.TrimSuffix(s.Keys(main)[0], "1")
				for i := range stopped {
					if err := c.Save(t.Context(), fmt.Sprint(base, 2+i), client.NewBlob([]byte("half"))); err == nil {
						t.Fatal("it was not stopped")
					}
				}
				s.Instead(nil)
				// A job has no more time than this.
				ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
				defer cancel()
				if err := add(ctx, job, "app", "b"); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{"a b "}, load(t, job, "app")); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestWhatTheJobMay(t *testing.T) {
	s := service{actionscachetest.Start(t), true}
	for _, c := range []struct {
		mode         string
		scopes       []actionscachetest.Scope
		reads, saves bool
	}{
		{"", []actionscachetest.Scope{own(main)}, true, true},
		{"write", []actionscachetest.Scope{own(main)}, true, true},
		{"something new", []actionscachetest.Scope{own(main)}, true, true},
		{"read", []actionscachetest.Scope{own(main)}, true, false},
		{"none", []actionscachetest.Scope{own(main)}, false, false},
		{"write-only", []actionscachetest.Scope{own(main)}, false, false},
		{"", []actionscachetest.Scope{read(main)}, true, false},
		{"", nil, false, false},
	} {
		t.Run(fmt.Sprint(c.mode, c.scopes), func(t *testing.T) {
			store, err := actionscache.New(actionscache.Options{Token: s.Token(t, c.scopes...), URL: s.URL, V2: true, Mode: c.mode})
			if !c.reads {
				if !errors.Is(err, actionscache.ErrClosed) {
					t.Errorf("got %v, want %v", err, actionscache.ErrClosed)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			load(t, store, "app")
			err = add(t.Context(), store, "app", "a")
			if c.saves && err != nil || !c.saves && !errors.Is(err, history.ErrReadOnly) {
				t.Errorf("saving: %v", err)
			}
		})
	}
}

// TestFaults has the service fail in the ways it does. Whatever it answers, the
// error says in one line what was wrong, and neither a token nor an address.
func TestFaults(t *testing.T) {
	status := func(code int, body string, header ...string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			fmt.Fprint(w, body)
			return true
		}
	}
	for _, c := range []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request) bool
		want   string
	}{
		{"down", status(500, "the token is SECRET"), "the service answered with status 500"},
		{"bad gateway", status(502, "<html>"), "the service answered with status 502"},
		{"garbage", status(200, "<html>SECRET"), "the service's answer could not be understood"},
		{"throttled", status(429, `{"message":"slow down"}`, "Retry-After", "60"), "the service is asked too often (status 429)"},
		{"full", status(429, `{"code":"resource_exhausted","message":"x","msg":"Cache storage quota has been hit. SECRET"}`, "Retry-After", "60"),
			"the service is asked too often (status 429)"},
		{"quota", status(403, `{"message":"Cache storage quota has been hit. SECRET"}`), "the cache is full"},
		{"denied", status(403, `{"message":"cache read denied: SECRET"}`), actionscache.ErrClosed.Error()},
		{"refused", status(403, "<html>SECRET"), "the service answered with status 403"},
		{"expired", status(401, `{"message":"SECRET"}`), "the service answered with status 401"},
		{"hangs", func(_ http.ResponseWriter, r *http.Request) bool {
			io.Copy(io.Discard, r.Body) // or the server does not see the client go
			<-r.Context().Done()
			return true
		}, "the service did not answer in time"},
		{"cut off", func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "{")
			return true
		}, "the service's answer could not be understood"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBoth(t, func(t *testing.T, s service) {
				store := s.open(t, own(main))
				s.Instead(c.answer)
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				start := time.Now()
				_, err := store.Load(ctx, "app")
				if err == nil || err.Error() != c.want {
					t.Errorf("loading: %v, want %s", err, c.want)
				}
				if err := add(ctx, store, "app", "a"); err == nil || strings.Contains(err.Error(), "SECRET") {
					t.Errorf("saving: %v", err)
				}
				if took := time.Since(start); took > 4*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// TestALoadThatIsDenied has version 2 refuse in Twirp's words, of which the client keeps
// the code alone.
func TestALoadThatIsDenied(t *testing.T) {
	s := service{actionscachetest.Start(t), true}
	store := s.open(t, own(main))
	s.Instead(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"code":"permission_denied","msg":"cache read denied: SECRET"}`)
		return true
	})
	if _, err := store.Load(t.Context(), "app"); !errors.Is(err, actionscache.ErrClosed) {
		t.Errorf("got %v, want %v", err, actionscache.ErrClosed)
	}
}

// TestASaveThatIsRefused has the service refuse what the token says may be written, as
// each version does: of the words of version 2 the client keeps none.
func TestASaveThatIsRefused(t *testing.T) {
	const said = `"message":"cache write denied: SECRET"`
	want := map[bool]string{false: history.ErrReadOnly.Error(), true: "the service refused to take it"}
	inBoth(t, func(t *testing.T, s service) {
		store := s.open(t, own(main))
		s.Instead(func(w http.ResponseWriter, r *http.Request) bool {
			switch {
			case strings.HasSuffix(r.URL.Path, "/CreateCacheEntry"):
				fmt.Fprint(w, `{"ok":false,`+said+`}`)
			case strings.HasSuffix(r.URL.Path, "/caches"):
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprint(w, `{`+said+`,"typeKey":"AccessDeniedException"}`)
			default:
				return false
			}
			return true
		})
		if err := add(t.Context(), store, "app", "a"); err == nil || err.Error() != want[s.v2] {
			t.Errorf("got %v, want %s", err, want[s.v2])
		}
	})
}

// TestASaveThatFails has the service take the reservation and then nothing.
func TestASaveThatFails(t *testing.T) {
	inBoth(t, func(t *testing.T, s service) {
		store := s.open(t, own(main))
		s.Instead(func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPatch || r.Method == http.MethodPut {
				w.WriteHeader(http.StatusInsufficientStorage)
				return true
			}
			return false
		})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if err := add(ctx, store, "app", "a"); err == nil || strings.Contains(err.Error(), "sig=") {
			t.Errorf("got %v", err)
		}
		s.Instead(nil)
		if got := load(t, store, "app"); got != nil {
			t.Errorf("half an entry is read as %q", got)
		}
	})
}

// TestAThrottledServiceIsAskedAgain says 429 with a short Retry-After once.
func TestAThrottledServiceIsAskedAgain(t *testing.T) {
	inBoth(t, func(t *testing.T, s service) {
		store := s.open(t, own(main))
		var once sync.Once
		s.Instead(func(w http.ResponseWriter, r *http.Request) (done bool) {
			once.Do(func() {
				done = true
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusTooManyRequests)
			})
			return done
		})
		if err := add(t.Context(), store, "app", "a"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a "}, load(t, store, "app")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestAnEntryThatIsTooLarge(t *testing.T) {
	s := service{actionscachetest.Start(t), true}
	store := s.open(t, own(main))
	large := strings.Repeat("0123456789abcdef", history.MaxArchive/16+1000)
	err := store.Update(t.Context(), "app", func([]byte) ([]byte, error) { return []byte(large), nil })
	if err != nil {
		t.Fatal(err)
	}
	if got := load(t, store, "app"); len(got) != 1 || len(got[0]) != history.MaxArchive+1 {
		t.Errorf("it was read whole")
	}
}

func TestATokenThatIsNone(t *testing.T) {
	_, err := actionscache.New(actionscache.Options{Token: "SECRET.SECRET", URL: "http://127.0.0.1:1"})
	if err == nil || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("got %v", err)
	}
}
