package cacheindex

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	actionscache "github.com/tonistiigi/go-actions-cache"

	"github.com/layercause/layercause/internal/history/actionscachetest"
)

func TestScrub(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`Get "http://127.0.0.1/blobs/1?se=1&sig=abc": dial tcp: refused`, `Get "http://127.0.0.1/blobs/1?***": dial tcp: refused`},
		{`Get "http://127.0.0.1/a?x=\"q\"&sig=abc": refused`, `Get "http://127.0.0.1/a?***": refused`},
		{"invalid status response 404 for https://x/y?sig=abc, range: ", "invalid status response 404 for https://x/y?***, range:"},
		{"https://x/y?sig=abc", "https://x/y?***"},
		{"at https://me:pass@x/y\nand a secret+/ or secret%2B%2F", "at https://***@x/y and a *** or ***"},
		{"what? nothing", "what? nothing"},
		{strings.Repeat("é", maxMessage), strings.Repeat("é", maxMessage/2) + "…"},
	} {
		if got := scrub(errors.New(c.in), "", "secret+/").Error(); got != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.in, got, c.want)
		}
	}
}

// TestErrorsOfServices has services refuse, break off and tell back what they were
// sent: an error says what happened in one line, and holds no credential.
func TestErrorsOfServices(t *testing.T) {
	const secret = "c2VjcmV0LXNlY3JldA=="
	token := actionscachetest.Start(t).Token(t, actionscachetest.Scope{Scope: "main", Permission: 3})
	closed := "http://127.0.0.1:1"
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found := func(url string) {
			fmt.Fprintf(w, `{"cacheKey": "index-x", "archiveLocation": "%s?sig=%s", "ok": true, "matched_key": "index-x", "signed_download_url": "%[1]s?sig=%[2]s"}`, url, secret)
		}
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/refused"):
			w.WriteHeader(http.StatusForbidden)
			sent := r.Header.Get("Authorization")
			if !strings.HasPrefix(sent, "Bearer ") {
				sent = secret
			}
			fmt.Fprintf(w, "no entry with\n%s", sent)
		case strings.HasPrefix(path, "/no-bucket"):
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchBucket</Code></Error>")
		case strings.HasPrefix(path, "/blob"):
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, "no entry with %s", r.URL)
		case strings.HasPrefix(path, "/unreachable"):
			found(closed + "/blob")
		case strings.HasPrefix(path, "/expired"):
			found(server.URL + "/blob")
		case strings.HasPrefix(path, "/large-index"):
			for range 33 {
				w.Write(make([]byte, 1<<20))
			}
		case strings.HasPrefix(path, "/large"):
			found(server.URL + "/large-index")
		case strings.HasPrefix(path, "/garbage"):
			fmt.Fprint(w, `{"layers": 7}`)
		case strings.HasPrefix(path, "/silent"):
			time.Sleep(3 * time.Second)
		}
	}))
	t.Cleanup(server.Close)
	v1 := func(path string) Cache {
		return Cache{"gha", map[string]string{"token": token, "url": server.URL + path}}
	}
	v2 := func(path string) Cache {
		return Cache{"gha", map[string]string{"token": token, "version": "2", "url_v2": server.URL + path}}
	}
	bucket := func(path string) Cache {
		return Cache{"s3", map[string]string{
			"bucket": "b", "region": "r", "endpoint_url": server.URL + path, "use_path_style": "true",
			"access_key_id": "AKIASECRET", "secret_access_key": secret, "session_token": "session-" + secret,
		}}
	}
	azblob := func(path string) Cache {
		return Cache{"azblob", map[string]string{"account_url": server.URL + path, "account_name": "a", "secret_access_key": secret}}
	}
	for name, c := range map[string]struct {
		cache Cache
		want  string
	}{
		"gha without a token":          {Cache{"gha", map[string]string{"url": closed}}, "no token"},
		"gha without an address":       {Cache{"gha", map[string]string{"token": token}}, "no url"},
		"gha with a broken token":      {Cache{"gha", map[string]string{"token": secret, "url": closed}}, "reading the cache's token"},
		"gha with a broken version":    {Cache{"gha", map[string]string{"token": token, "version": "two"}}, `is "two"`},
		"gha v1 refused":               {v1("/refused"), "403"},
		"gha v2 refused":               {v2("/refused"), "403"},
		"gha v1 unreachable blob":      {v1("/unreachable"), "refused"},
		"gha v2 unreachable blob":      {v2("/unreachable"), "deadline"},
		"gha v1 expired blob":          {v1("/expired"), "403"},
		"gha v2 expired blob":          {v2("/expired"), "status 403"},
		"gha v1 large":                 {v1("/large"), "larger than"},
		"gha v2 large":                 {v2("/large"), "larger than"},
		"gha v2 silent":                {v2("/silent"), "deadline"},
		"s3 without credentials":       {Cache{"s3", map[string]string{"bucket": "b", "region": "r"}}, "known to the daemon alone"},
		"s3 without a bucket":          {Cache{"s3", map[string]string{"region": "r"}}, "no bucket"},
		"s3 of another bucket":         {bucket("/no-bucket"), "404 NoSuchBucket"},
		"s3 refused":                   {bucket("/refused"), "403"},
		"s3 large":                     {bucket("/large-index"), "larger than"},
		"s3 garbage":                   {bucket("/garbage"), "reading the index"},
		"s3 silent":                    {bucket("/silent"), "deadline"},
		"azblob without credentials":   {Cache{"azblob", map[string]string{"account_url": closed}}, "known to the daemon alone"},
		"azblob with a broken key":     {Cache{"azblob", map[string]string{"account_url": closed, "secret_access_key": "%%" + secret}}, "secret_access_key"},
		"azblob refused":               {azblob("/refused"), "status 403"},
		"azblob large":                 {azblob("/large-index"), "larger than"},
		"azblob garbage":               {azblob("/garbage"), "reading the index"},
		"azblob with a signed address": {azblob("/silent?sv=1&sig=" + secret), "deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err := Read(ctx, c.cache, nil)
			if err == nil || errors.Is(err, ErrNone) {
				t.Fatalf("got %v, want an error that tells what happened", err)
			}
			text := err.Error()
			if !strings.Contains(text, c.want) {
				t.Errorf("%q is not in %q", c.want, text)
			}
			for _, s := range []string{secret, "AKIASECRET", token, "sig=", "\n"} {
				if strings.Contains(text, s) {
					t.Errorf("%q is in %q", s, text)
				}
			}
		})
	}
}

// TestAddresses states where the index of a cache is looked for that names little.
func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		attrs map[string]string
		want  string
	}{
		{map[string]string{}, "manifests/buildkit"},
		{map[string]string{"prefix": "p/", "manifests_prefix": "m/", "name": "a;b"}, "p/m/a"},
	} {
		if got := s3IndexKey(c.attrs); got != c.want {
			t.Errorf("S3: got %s, want %s", got, c.want)
		}
	}
	for _, c := range []struct {
		attrs map[string]string
		want  string
	}{
		{map[string]string{}, "[manifests/buildkit]"},
		{map[string]string{"prefix": "p/", "manifests_prefix": "m", "name": "a;b"}, "[p/m/a p/m/b]"},
	} {
		if got := fmt.Sprint(azblobIndexKeys(c.attrs)); got != c.want {
			t.Errorf("azblob: got %s, want %s", got, c.want)
		}
	}
	for _, c := range []struct {
		attrs   map[string]string
		address string
		v2      bool
	}{
		{map[string]string{"url": "a"}, "a", false},
		{map[string]string{"url": "a", "url_v2": "b"}, "b", true},
		{map[string]string{"url": "a", "url_v2": "b", "version": "1"}, "a", false},
		{map[string]string{"url": "a", "version": "2"}, "a", true},
		{map[string]string{"url": "https://results-receiver.actions.githubusercontent.com/"}, "https://results-receiver.actions.githubusercontent.com/", true},
	} {
		if address, v2, err := ghaService(c.attrs); address != c.address || v2 != c.v2 || err != nil {
			t.Errorf("gha %v: got %s, %t, %v", c.attrs, address, v2, err)
		}
	}
}

// TestScopesOfAToken has a branch read its own index and that of the branch it came
// from: its own names the whole, and until it has one the other does.
func TestScopesOfAToken(t *testing.T) {
	service := actionscachetest.Start(t)
	write := func(scope, index string) {
		t.Helper()
		cache, err := actionscache.New(service.Token(t, actionscachetest.Scope{Scope: scope, Permission: 3}), service.URL, true, actionscache.Opt{})
		if err != nil {
			t.Fatal(err)
		}
		key := ghaIndexKey(map[string]string{}, scope)
		err = cache.SaveMutable(t.Context(), key, 0, func(*actionscache.Entry) (actionscache.Blob, error) {
			return actionscache.NewBlob([]byte(index)), nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	read := func(scopes ...actionscachetest.Scope) *Index {
		t.Helper()
		attrs := map[string]string{"token": service.Token(t, scopes...), "version": "2", "url_v2": service.URL}
		index, err := Read(t.Context(), Cache{"gha", attrs}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return index
	}
	main, branch := actionscachetest.Scope{Scope: "refs/heads/main", Permission: 1}, actionscachetest.Scope{Scope: "refs/heads/b", Permission: 3}
	write(main.Scope, `{"records": [{"digest": "sha256:old"}]}`)
	write(main.Scope, `{"records": [{"digest": "sha256:main"}]}`)
	write("refs/heads/foreign", `{"records": [{"digest": "sha256:foreign"}]}`)
	of := read(main)
	both := read(main, branch)
	if len(both.Configs) != 1 || both.Digest != of.Digest || both.Configs[0].Records[0].Digest != "sha256:main" {
		t.Errorf("a branch without an index reads %+v, want that of main, %+v", both, of)
	}
	write(branch.Scope, `{"records": [{"digest": "sha256:branch"}]}`)
	both = read(main, branch)
	if len(both.Configs) != 2 || both.Digest != read(branch).Digest || both.Digest == of.Digest {
		t.Errorf("a branch reads %+v, want its own and that of main", both)
	}
}
