package buildkit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A trial runs what a pull request wrote, as its build does: with the same rights, and
// with nothing that could reach others.
func TestForTrialsWritesNowhereAndHasNoMoreRights(t *testing.T) {
	given := Options{
		Context: ".", Tags: []string{"a/b"}, Outputs: []string{"type=registry"}, Push: true, Load: true,
		CacheFrom: []string{"a/c"}, CacheTo: []string{"a/c"}, Allow: []string{"network.host"}, Network: "none",
		Secrets: []string{"id=a"}, SSH: []string{"default"}, SBOM: "true", Attests: []string{"type=sbom"}, Annotations: []string{"a=b"},
		Platforms: []string{"linux/amd64,linux/arm64"}, IndexDir: "x",
	}
	want := Options{
		Context: ".", Allow: []string{"network.host"}, Network: "none", Secrets: []string{"id=a"}, SSH: []string{"default"},
		Platforms: []string{"linux/amd64"}, Provenance: "false", SBOM: "false",
	}
	if diff := cmp.Diff(want, given.ForTrials()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := (Options{}).ForTrials(); len(got.Allow) > 0 || got.Network != "" || len(got.Secrets)+len(got.SSH) > 0 {
		t.Errorf("a trial has more rights than its build: %+v", got)
	}
}
