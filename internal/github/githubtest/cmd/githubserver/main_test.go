package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/github/githubtest"
)

func TestServesUntilStopped(t *testing.T) {
	for name, test := range map[string]struct {
		path      string
		violation bool
	}{
		"clean":     {"/repos/acme/shop/issues/7/comments", false},
		"violation": {"/repos/acme/shop/nothing", true},
	} {
		t.Run(name, func(t *testing.T) {
			state := filepath.Join(t.TempDir(), "state.json")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r, w := io.Pipe()
			done := make(chan error, 1)
			go func() {
				done <- run(ctx, []string{"-state", state, "-pull", "acme/shop#7@abc"}, w)
				w.Close()
			}()
			url, err := bufio.NewReader(r).ReadString('\n')
			if err != nil {
				t.Fatal(err, <-done)
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSpace(url)+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer any")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			cancel()
			err = <-done
			if (err != nil) != test.violation {
				t.Errorf("stopped with %v", err)
			}
			b, err := os.ReadFile(state)
			if err != nil {
				t.Fatal(err)
			}
			var s githubtest.State
			if err := json.Unmarshal(b, &s); err != nil {
				t.Fatal(err)
			}
			if len(s.Requests) != 1 || s.Requests[0].Path != test.path || (len(s.Violations) > 0) != test.violation {
				t.Errorf("state: %s", b)
			}
		})
	}
}

func TestParseRejects(t *testing.T) {
	for _, args := range [][]string{
		{"-pull", "acme/shop"},
		{"-pull", "acme/shop#x@abc"},
		{"-pull", "shop#7@abc"},
		{"-read-only"},
	} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}
