package buildkittest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/moby/buildkit/util/cachedigest"
	"github.com/opencontainers/go-digest"
)

// Digests returns every digest that the daemon has computed for a cache key: of
// operations, of contents, and of what these are made of. It needs
// [Options.Debug].
func (d *Daemon) Digests(t testing.TB) map[digest.Digest]bool {
	t.Helper()
	records, err := d.cacheRecords()
	if err != nil {
		t.Fatalf("asking buildkitd for its cache keys: %v", err)
	}
	out := map[digest.Digest]bool{}
	var add func([]*cachedigest.Record)
	add = func(list []*cachedigest.Record) {
		for _, r := range list {
			out[r.Digest] = true
			add(r.SubRecords)
		}
	}
	add(records)
	return out
}

func (d *Daemon) cacheRecords() ([]*cachedigest.Record, error) {
	if d.DebugURL == "" {
		return nil, fmt.Errorf("it was started without Options.Debug")
	}
	req, err := http.NewRequest(http.MethodGet, d.DebugURL+"/debug/cache/all", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answered %s", resp.Status)
	}
	var records []*cachedigest.Record
	return records, json.NewDecoder(resp.Body).Decode(&records)
}
