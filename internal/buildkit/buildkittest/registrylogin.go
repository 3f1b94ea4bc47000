package buildkittest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// A PrivateRegistry is a registry that nobody reads or writes without a login. Like
// those of GitHub and Docker it wants a token, which it gives for name and password.
// https://distribution.github.io/distribution/spec/auth/token/
type PrivateRegistry struct {
	// Host is its 127.0.0.1:PORT. It speaks plain HTTP.
	Host               string
	Username, Password string
}

// StartPrivateRegistry runs one in memory until the test ends.
func StartPrivateRegistry(t testing.TB) *PrivateRegistry {
	t.Helper()
	r := &PrivateRegistry{Username: "octocat", Password: "pa:ss=" + rand.Text()}
	token := rand.Text()
	images := inMemory()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case req.URL.Path == "/token":
			if !r.admits(req) {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			json.NewEncoder(w).Encode(map[string]any{"token": token, "access_token": token, "expires_in": 600})
		case req.Header.Get("Authorization") != "Bearer "+token:
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="%s"`, req.Host, req.Host))
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
		default:
			images.ServeHTTP(w, req)
		}
	}))
	t.Cleanup(server.Close)
	r.Host = strings.TrimPrefix(server.URL, "http://")
	return r
}

// admits takes a login in either form that a client may send it in.
func (r *PrivateRegistry) admits(req *http.Request) bool {
	user, password, ok := req.BasicAuth()
	if !ok {
		user, password = req.PostFormValue("username"), req.PostFormValue("password")
	}
	return user == r.Username && password == r.Password
}

// Push pushes an image.
func (r *PrivateRegistry) Push(t testing.TB, repository string, i Image) {
	t.Helper()
	if err := remote.Write(r.tag(t, repository), i.build(t, ""), r.auth()); err != nil {
		t.Fatalf("pushing the base image: %v", err)
	}
}

// Digest returns the digest of an image, or nothing if it is not there.
func (r *PrivateRegistry) Digest(t testing.TB, repository string) string {
	t.Helper()
	found, err := remote.Head(r.tag(t, repository), r.auth())
	if err != nil {
		return ""
	}
	return found.Digest.String()
}

func (r *PrivateRegistry) tag(t testing.TB, repository string) name.Reference {
	t.Helper()
	tag, err := name.NewTag(r.Host+"/"+repository, name.Insecure)
	if err != nil {
		t.Fatalf("taking the reference apart: %v", err)
	}
	return tag
}

func (r *PrivateRegistry) auth() remote.Option {
	return remote.WithAuth(&authn.Basic{Username: r.Username, Password: r.Password})
}
