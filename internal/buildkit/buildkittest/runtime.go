package buildkittest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/sys/capability"
)

// trimmedRuntime returns dockerd's flags for a runtime that gives containers only
// the capabilities that this machine has. On a machine that lacks some, as many
// sandboxes do, older engines ask for them all when a container is privileged, and
// runc refuses to start it.
func trimmedRuntime(t testing.TB, dir, runc string) []string {
	t.Helper()
	missing := missingCapabilities(t)
	if len(missing) == 0 {
		return nil
	}
	var edits strings.Builder
	for _, c := range missing {
		// One that every container has stands in: a list may name it twice.
		fmt.Fprintf(&edits, "s/\"%s\"/\"CAP_CHOWN\"/g;", c)
	}
	script := filepath.Join(dir, "runc-trimmed")
	text := fmt.Sprintf(`#!/bin/sh
previous=
for argument; do
	case $previous in
	--bundle | -b) sed -i '%[1]s' "$argument/config.json" ;;
	--process | -p) sed -i '%[1]s' "$argument" ;;
	esac
	previous=$argument
done
exec %[2]s "$@"
`, edits.String(), runc)
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatalf("writing the runtime for dockerd: %v", err)
	}
	return []string{"--add-runtime", "trimmed=" + script, "--default-runtime", "trimmed"}
}

// missingCapabilities returns what this process cannot give to others.
func missingCapabilities(t testing.TB) []string {
	t.Helper()
	own, err := capability.NewPid2(0)
	if err == nil {
		err = own.Load()
	}
	if err != nil {
		t.Fatalf("looking at our capabilities: %v", err)
	}
	all, err := capability.ListSupported()
	if err != nil {
		t.Fatalf("looking at the kernel's capabilities: %v", err)
	}
	var missing []string
	for _, c := range all {
		if !own.Get(capability.BOUNDING, c) {
			missing = append(missing, "CAP_"+strings.ToUpper(c.String()))
		}
	}
	return missing
}
