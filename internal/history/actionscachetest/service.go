package actionscachetest

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Service is a working cache service as GitHub's runners have one, version 1
// and 2 of its API. An entry belongs to the scope (a branch) that wrote it, cannot be
// written again, and is found by its key or by the beginning of it, in each scope of
// a token in turn.
//
// https://github.com/actions/toolkit/tree/main/packages/cache
type Service struct {
	// URL is the address for both versions.
	URL string

	key     []byte
	mu      sync.Mutex
	entries []*entry // in the order of their making
	instead func(http.ResponseWriter, *http.Request) bool
}

type entry struct {
	id                  int
	scope, key, version string
	finished            bool
	data                []byte
	blocks              map[string][]byte // of version 2, before they are put together
}

// Scope is one scope of a token.
type Scope struct {
	Scope string
	// Permission is 1 to read, 3 to read and write.
	Permission int
}

// Start runs an empty service until the test ends.
func Start(t testing.TB) *Service {
	t.Helper()
	c := &Service{key: []byte(rand.Text())}
	mux := http.NewServeMux()
	c.serveV1(mux)
	c.serveV2(mux)
	c.serveBlobs(mux)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		instead := c.instead
		c.mu.Unlock()
		if instead == nil || !instead(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// Token is what a job is given: the scopes it may read, and the one it may write.
func (c *Service) Token(t testing.TB, scopes ...Scope) string {
	t.Helper()
	ac, err := json.Marshal(scopes)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"ac": string(ac), "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(6 * time.Hour).Unix(),
	}).SignedString(c.key)
	if err != nil {
		t.Fatalf("signing a token: %v", err)
	}
	return token
}

// Instead has every request go to a function first, which plays a fault: where it
// returns true it has answered, else the service does. Nil ends that.
func (c *Service) Instead(answer func(http.ResponseWriter, *http.Request) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.instead = answer
}

// Remove drops a scope's entries whose keys begin with a prefix, as the service does
// with old ones, and returns how many there were.
func (c *Service) Remove(scope, prefix string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.entries)
	c.entries = slices.DeleteFunc(c.entries, func(e *entry) bool {
		return e.scope == scope && strings.HasPrefix(e.key, prefix)
	})
	return before - len(c.entries)
}

// Keys are the keys of a scope's finished entries, in the order of their making.
func (c *Service) Keys(scope string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var keys []string
	for _, e := range c.entries {
		if e.finished && e.scope == scope {
			keys = append(keys, e.key)
		}
	}
	return keys
}

// scopes are those of a request's token, which is checked.
func (c *Service) scopes(r *http.Request) ([]Scope, error) {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	token, err := jwt.Parse(bearer, func(*jwt.Token) (any, error) { return c.key, nil }, jwt.WithValidMethods([]string{"HS256"}))
	if err != nil {
		return nil, err
	}
	ac, _ := token.Claims.(jwt.MapClaims)["ac"].(string)
	var scopes []Scope
	return scopes, json.Unmarshal([]byte(ac), &scopes)
}

// reserve makes an unfinished entry in the scope that may be written; nil says that
// there is one already.
func (c *Service) reserve(scopes []Scope, key, version string) (*entry, error) {
	i := slices.IndexFunc(scopes, func(s Scope) bool { return s.Permission&2 != 0 })
	if i < 0 {
		return nil, errors.New("cache write denied: token has no writable scopes")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	id := 1
	for _, e := range c.entries {
		if e.scope == scopes[i].Scope && e.key == key && e.version == version {
			return nil, nil
		}
		id = max(id, e.id+1)
	}
	e := &entry{id: id, scope: scopes[i].Scope, key: key, version: version, blocks: map[string][]byte{}}
	c.entries = append(c.entries, e)
	return e, nil
}

// readable says that a token may read some scope.
func readable(scopes []Scope) bool {
	return slices.ContainsFunc(scopes, func(s Scope) bool { return s.Permission&1 != 0 })
}

const readDenied = "cache read denied: token has no readable scopes"

// find answers a question for keys: in each scope in turn the entry of the first
// key, or else the newest whose key begins with one of the others.
func (c *Service) find(scopes []Scope, version string, keys []string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range scopes {
		for _, exact := range []bool{true, false} {
			for _, key := range keys {
				for _, e := range slices.Backward(c.entries) {
					if !e.finished || e.scope != s.Scope || e.version != version || s.Permission&1 == 0 {
						continue
					}
					if e.key == key || !exact && strings.HasPrefix(e.key, key) {
						return e
					}
				}
			}
		}
	}
	return nil
}

// unfinished finds an entry by what the scopes of the request may write.
func (c *Service) unfinished(scopes []Scope, is func(*entry) bool) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries {
		if !e.finished && is(e) && slices.Contains(scopes, Scope{e.scope, 3}) {
			return e
		}
	}
	return nil
}

// finish closes an entry, if its size is the one that was announced.
func (c *Service) finish(e *entry, size int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if int64(len(e.data)) != size {
		return fmt.Errorf("the entry has %d bytes, not %d", len(e.data), size)
	}
	e.finished = true
	return nil
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}
