package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Hostile records must not keep the job of others for hours: when the time of all is up,
// the rest is not looked at.
func TestRecordsTakeTheirTimeTogether(t *testing.T) {
	dir := t.TempDir()
	for _, leg := range []string{"a", "b", "c"} {
		if err := os.Mkdir(filepath.Join(dir, leg), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, leg, recordName), []byte("never read"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var c commenting
	c.read(ctx, []string{dir})
	if len(c.warnings) != 1 || !strings.Contains(c.warnings[0], "took too long: 3 of them are not shown") {
		t.Errorf("got %q", c.warnings)
	}
}
