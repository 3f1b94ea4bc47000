package ociartifact_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/history"
	"github.com/layercause/layercause/internal/history/ociartifact"
)

// TestFaults has the registry fail. The error says in one line what was wrong, and
// nothing of what the registry says.
func TestFaults(t *testing.T) {
	status := func(code int, only func(*http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, q *http.Request) bool {
			if only != nil && !only(q) {
				return false
			}
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(code)
			fmt.Fprint(w, `{"errors":[{"code":"DENIED","message":"SECRET"}]}`)
			return true
		}
	}
	refuse := func(code int, name, method string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, q *http.Request) bool {
			if q.Method == method && (method == http.MethodPost || strings.Contains(q.URL.Path, "/manifests/")) {
				w.WriteHeader(code)
				fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"SECRET"}]}`, name)
				return true
			}
			return false
		}
	}
	writing := func(q *http.Request) bool { return q.Method != http.MethodGet && q.Method != http.MethodHead }
	for _, c := range []struct {
		name          string
		answer        func(http.ResponseWriter, *http.Request) bool
		loading, save string
	}{
		{"down", status(500, nil), "the registry answered with status 500", "the registry answered with status 500"},
		{"private", status(401, nil), "the registry gives no access without another login (status 401)", "the registry gives no access without another login (status 401)"},
		{"throttled", status(429, nil), "the registry is asked too often (status 429)", "the registry is asked too often (status 429)"},
		{"read-only", status(403, writing), "", history.ErrReadOnly.Error()},
		{"full", status(507, writing), "", "the registry is full"},
		{"immutable tags", refuse(400, "TAG_INVALID", http.MethodPut), "", "the registry does not let its tags be replaced"},
		{"immutable tags of Harbor", refuse(412, "PRECONDITION", http.MethodPut), "", "the registry does not let its tags be replaced"},
		{"no repository", refuse(404, "NAME_UNKNOWN", http.MethodPost), "", "the registry has no such repository, and makes none itself"},
		{"throttled writes", status(429, writing), "", "the registry is asked too often (status 429)"},
		{"hangs", func(_ http.ResponseWriter, q *http.Request) bool {
			io.Copy(io.Discard, q.Body)
			<-q.Context().Done()
			return true
		}, "the registry did not answer in time", "the registry did not answer in time"},
		{"garbage", func(w http.ResponseWriter, _ *http.Request) bool { fmt.Fprint(w, "<html>SECRET"); return true },
			"", "the registry answered with status 200"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t)
			s := r.open(t)
			r.set(c.answer)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			text := func(err error) string {
				if err == nil {
					return ""
				}
				return err.Error()
			}
			_, err := s.Load(ctx, "app")
			if got := text(err); got != c.loading {
				t.Errorf("loading: %q, want %q", got, c.loading)
			}
			if got := text(add(ctx, s, "app", "a")); got != c.save {
				t.Errorf("saving: %q, want %q", got, c.save)
			}
		})
	}
}

// TestNoTimeToLookAgain has a registry that takes so long to store that no time is left
// to see whether it stays: what was stored is no fault.
func TestNoTimeToLookAgain(t *testing.T) {
	r := start(t)
	s := r.open(t)
	r.set(func(_ http.ResponseWriter, q *http.Request) bool {
		if q.Method == http.MethodPut && strings.Contains(q.URL.Path, "/manifests/") {
			time.Sleep(700 * time.Millisecond)
		}
		return false
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := add(ctx, s, "app", "a"); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"a "}, load(t, s, "app")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNoLogin has a registry that wants a password, and nobody to ask for one.
func TestNoLogin(t *testing.T) {
	r := start(t)
	r.set(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("WWW-Authenticate", `Basic realm="here"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	for want, credential := range map[string]func(string) (ociartifact.Credential, error){
		"the registry asks for a login, and there is none":      nil,
		"no login for the registry: the helper was not started": func(string) (c ociartifact.Credential, err error) { return c, errors.New("the helper was not started") },
	} {
		s, err := ociartifact.New(ociartifact.Options{Reference: r.host + "/app", Client: &http.Client{}, Credential: credential})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context(), "app"); err == nil || err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestCredentials has a registry that wants a password, which nobody else gets.
func TestCredentials(t *testing.T) {
	r := start(t)
	r.set(func(w http.ResponseWriter, q *http.Request) bool {
		if user, password, _ := q.BasicAuth(); user == "me" && password == "pass" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="here"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	s, err := ociartifact.New(ociartifact.Options{Reference: r.host + "/app", Client: &http.Client{},
		Credential: func(host string) (ociartifact.Credential, error) {
			if host != r.host {
				t.Errorf("the credential of %s was asked for", host)
			}
			return ociartifact.Credential{Username: "me", Password: "pass"}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	if err := add(t.Context(), s, "app", "a"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a "}, load(t, s, "app")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestTokens has a registry that wants a token of a server, which gives one to read to
// everybody and one to write to some. The others may only read, whoever says so.
func TestTokens(t *testing.T) {
	for name, c := range map[string]struct {
		mayWrite bool
		refusal  int // of the token server; 0 gives a token that the registry refuses
		want     error
	}{
		"who may write":                         {true, 0, nil},
		"a token that is good to read alone":    {false, 0, history.ErrReadOnly},
		"no token to write":                     {false, http.StatusForbidden, history.ErrReadOnly},
		"no token to write, as for a wrong one": {false, http.StatusUnauthorized, history.ErrReadOnly},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			if err := add(t.Context(), r.open(t), "app", "a"); err != nil {
				t.Fatal(err)
			}
			r.set(func(w http.ResponseWriter, q *http.Request) bool {
				if q.URL.Path == "/token" {
					push := strings.Contains(q.URL.Query().Get("scope"), "push")
					switch {
					case !push:
						fmt.Fprint(w, `{"token":"read"}`)
					case c.mayWrite:
						fmt.Fprint(w, `{"token":"write"}`)
					case c.refusal != 0:
						w.WriteHeader(c.refusal)
						fmt.Fprint(w, `{"errors":[{"code":"DENIED","message":"SECRET"}]}`)
					default:
						fmt.Fprint(w, `{"token":"read"}`)
					}
					return true
				}
				scope := "pull"
				if q.Method != http.MethodGet && q.Method != http.MethodHead {
					scope = "pull,push"
				}
				switch token := q.Header.Get("Authorization"); {
				case token == "Bearer write", token == "Bearer read" && scope == "pull":
					return false
				}
				w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="r",scope="repository:team/app:%s"`, r.host, scope))
				w.WriteHeader(http.StatusUnauthorized)
				return true
			})
			s := r.open(t)
			if diff := cmp.Diff([]string{"a "}, load(t, s, "app")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err := add(t.Context(), s, "app", "b"); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}
