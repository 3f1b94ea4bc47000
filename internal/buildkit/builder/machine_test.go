package builder

import "testing"

func TestIsLocal(t *testing.T) {
	for host, want := range map[string]bool{
		"unix:///var/run/docker.sock": true,
		"tcp://127.0.0.1:2375":        true,
		"tcp://127.8.0.1:2375":        true,
		"tcp://[::1]:2375":            true,
		"tcp://localhost:2375":        true,
		"tcp://localhost.example:1":   false,
		"tcp://192.0.2.1:2375":        false,
		"tcp://example.com:2376":      false,
		"tcp://127.0.0.1":             false, // no address
		"ssh://localhost":             false,
		"":                            false,
	} {
		if got := (endpoint{host: host}).isLocal(); got != want {
			t.Errorf("that %q is this machine is said: %t, want %t", host, got, want)
		}
	}
}
