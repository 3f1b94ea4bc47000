package ociartifact_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/layercause/layercause/internal/history"
	"github.com/layercause/layercause/internal/history/ociartifact"
)

// aRegistry is a working one. Before each request it asks instead, which plays a
// fault where it returns true.
type aRegistry struct {
	host    string
	mu      sync.Mutex
	instead func(http.ResponseWriter, *http.Request) bool
}

func start(t testing.TB) *aRegistry {
	r := &aRegistry{}
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		instead := r.instead
		r.mu.Unlock()
		if instead == nil || !instead(w, q) {
			handler.ServeHTTP(w, q)
		}
	}))
	t.Cleanup(server.Close)
	r.host = strings.TrimPrefix(server.URL, "http://")
	return r
}

func (r *aRegistry) set(instead func(http.ResponseWriter, *http.Request) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.instead = instead
}

func (r *aRegistry) open(t testing.TB) *ociartifact.Store {
	t.Helper()
	s, err := ociartifact.New(ociartifact.Options{Reference: r.host + "/team/app:records", Client: &http.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func load(t testing.TB, s *ociartifact.Store, name string) []string {
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

// add appends a word that is not there yet.
func add(ctx context.Context, s *ociartifact.Store, name, word string) error {
	return s.Update(ctx, name, func(old []byte) ([]byte, error) {
		if slices.Contains(strings.Fields(string(old)), word) {
			return old, nil
		}
		return append(slices.Clone(old), word+" "...), nil
	})
}

func TestStore(t *testing.T) {
	r := start(t)
	s := r.open(t)
	if got := load(t, s, "app"); got != nil {
		t.Errorf("an empty registry gives %q", got)
	}
	for _, err := range []error{add(t.Context(), s, "app", "a"), add(t.Context(), s, "app", "b"), add(t.Context(), r.open(t), "other", "x")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"a b "}, load(t, r.open(t), "app")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	stop := errors.New("stop")
	if err := s.Update(t.Context(), "app", func([]byte) ([]byte, error) { return nil, stop }); !errors.Is(err, stop) {
		t.Errorf("an error of merge comes back as %v", err)
	}
}

// TestNothingIsLost has builds end at the same time, with a registry that takes its
// time.
func TestNothingIsLost(t *testing.T) {
	r := start(t)
	r.set(func(http.ResponseWriter, *http.Request) bool {
		time.Sleep(rand.N(30 * time.Millisecond))
		return false
	})
	var builds sync.WaitGroup
	var want []string
	for i := range 4 {
		word := fmt.Sprintf("build%d", i)
		want = append(want, word)
		builds.Go(func() {
			if err := add(t.Context(), r.open(t), "app", word); err != nil {
				t.Errorf("%s: %v", word, err)
			}
		})
	}
	builds.Wait()
	got := load(t, r.open(t), "app")
	if len(got) != 1 || !slices.Equal(slices.Sorted(slices.Values(strings.Fields(got[0]))), want) {
		t.Errorf("the archive holds %q, want %q", got, want)
	}
}

// TestOverwritten has another write over an archive right after it was written, as
// one that read the tag just before does.
func TestOverwritten(t *testing.T) {
	r := start(t)
	s := r.open(t)
	if err := add(t.Context(), s, "app", "before"); err != nil {
		t.Fatal(err)
	}
	old := fetch(t, r, "app")
	var once sync.Once
	r.set(func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method == http.MethodPut && strings.Contains(q.URL.Path, "/manifests/records-app") && q.Header.Get("X-Other") == "" {
			once.Do(func() { time.AfterFunc(50*time.Millisecond, func() { put(t, r, "app", old) }) })
		}
		return false
	})
	if err := add(t.Context(), s, "app", "mine"); err != nil {
		t.Fatal(err)
	}
	r.set(nil)
	if diff := cmp.Diff([]string{"before mine "}, load(t, s, "app")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func fetch(t testing.TB, r *aRegistry, name string) string {
	t.Helper()
	resp, err := http.Get("http://" + r.host + "/v2/team/app/manifests/records-" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, err)
	}
	return string(text)
}

func put(t testing.TB, r *aRegistry, name, manifest string) {
	q, _ := http.NewRequest(http.MethodPut, "http://"+r.host+"/v2/team/app/manifests/records-"+name, strings.NewReader(manifest))
	q.Header.Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
	q.Header.Set("X-Other", "1")
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Error(err)
		return
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Error(resp.Status)
	}
}

// TestForeignArtifacts puts something else under the tag. It is read as an archive
// that is none, without fetching what it names, and written over.
func TestForeignArtifacts(t *testing.T) {
	const empty = `{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}`
	layer := func(size int64, kind string) string {
		return fmt.Sprintf(`{"mediaType":%q,"digest":"sha256:%064d","size":%d}`, kind, 1, size)
	}
	manifest := func(kind, layers string) string {
		return fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":%q,"config":%s,"layers":[%s]}`, kind, empty, layers)
	}
	for name, text := range map[string]string{
		"an image":            manifest("", layer(5, ociartifact.LayerType)),
		"another layer":       manifest(ociartifact.ArtifactType, layer(5, "application/x")),
		"two layers":          manifest(ociartifact.ArtifactType, layer(5, ociartifact.LayerType)+","+layer(6, ociartifact.LayerType)),
		"no layer":            manifest(ociartifact.ArtifactType, ""),
		"a large layer":       manifest(ociartifact.ArtifactType, layer(history.MaxArchive+1, ociartifact.LayerType)),
		"a negative size":     manifest(ociartifact.ArtifactType, layer(-1, ociartifact.LayerType)),
		"a layer that's gone": manifest(ociartifact.ArtifactType, layer(5, ociartifact.LayerType)),
		"a large manifest":    manifest(ociartifact.ArtifactType, layer(5, ociartifact.LayerType)) + strings.Repeat(" ", 1<<20),
		"no JSON":             "hello",
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			s := r.open(t)
			put(t, r, "app", text)
			if diff := cmp.Diff([]string{""}, load(t, s, "app")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err := add(t.Context(), s, "app", "a"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"a "}, load(t, s, "app")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

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

func TestReferences(t *testing.T) {
	for ref, ok := range map[string]bool{
		"ghcr.io/octo/app": true, "ghcr.io/octo/app:records": true, "localhost:5000/app": true,
		"app": false, "": false, "ghcr.io/Octo": false, "ghcr.io/octo/app:" + strings.Repeat("x", 65): false,
		"user:pass@ghcr.io/octo/app": false, "ghcr.io/octo/app@sha256:" + strings.Repeat("0", 64): false,
	} {
		_, err := ociartifact.New(ociartifact.Options{Reference: ref})
		if (err == nil) != ok {
			t.Errorf("%q: %v", ref, err)
		}
		if err != nil && strings.Contains(err.Error(), "pass") {
			t.Errorf("%q: the error shows the password: %v", ref, err)
		}
	}
}

// TestWrittenMeanwhile has another build keep its record between this one's reading
// and its writing, and be done with it.
func TestWrittenMeanwhile(t *testing.T) {
	r := start(t)
	var begun atomic.Bool
	r.set(func(_ http.ResponseWriter, q *http.Request) bool {
		if strings.Contains(q.URL.Path, "/blobs/uploads/") && begun.CompareAndSwap(false, true) {
			if err := add(t.Context(), r.open(t), "app", "theirs"); err != nil {
				t.Error(err)
			}
		}
		return false
	})
	if err := add(t.Context(), r.open(t), "app", "mine"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"theirs mine "}, load(t, r.open(t), "app")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

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
