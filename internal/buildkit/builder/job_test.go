package builder

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRemoveJobTakesNoOtherName states that nothing but a job's key, which a step's
// state could be made to be, names what is removed. There is no engine to ask.
func TestRemoveJobTakesNoOtherName(t *testing.T) {
	getenv := func(name string) string {
		if name == "DOCKER_HOST" {
			return "unix:///nothing/here.sock"
		}
		return ""
	}
	for _, key := range []string{"", "short", "../../x", "0123456789ABCDEF", "0123456789abcdef/kill", strings.Repeat("a", 65)} {
		err := RemoveJob(t.Context(), Options{Job: Job{Key: key}, Getenv: getenv})
		if err == nil || !strings.Contains(err.Error(), "malformed") {
			t.Errorf("the key %q: %v", key, err)
		}
	}
	if err := RemoveJob(t.Context(), Options{Job: Job{Key: "0123456789abcdef"}, Getenv: getenv}); err == nil || strings.Contains(err.Error(), "malformed") {
		t.Errorf("with a key and without an engine: %v", err)
	}
}

func TestJobNames(t *testing.T) {
	none, one, two := Job{}, Job{Key: "01234567", Runner: "r"}, Job{Key: "01234568", Runner: "r"}
	if none.container() != ownContainer || none.volume() != ownVolume || none.labels() != nil {
		t.Errorf("without a job: %q, %q, %v", none.container(), none.volume(), none.labels())
	}
	if one.container() == two.container() || one.container() == ownContainer || one.volume() != "" || one.labels()[runnerLabel] != "r" {
		t.Errorf("jobs: %q and %q, volume %q, labels %v", one.container(), two.container(), one.volume(), one.labels())
	}
}

// TestLogins states which credentials an image is pulled with.
func TestLogins(t *testing.T) {
	dir := t.TempDir()
	stored := base64.StdEncoding.EncodeToString([]byte("stored:secret"))
	config := `{"auths":{"registry.example":{"auth":"` + stored + `"},"https://index.docker.io/v1/":{"auth":"` + stored + `"}}}`
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{
		Getenv: func(name string) string { return map[string]string{"DOCKER_CONFIG": dir}[name] },
		Logins: Logins{"docker.io": {"given", "secret"}, "127.0.0.1:5000": {"local", "secret"}},
	}
	for image, want := range map[string]string{
		"moby/buildkit:v0.33.1":          "given",
		"docker.io/moby/buildkit":        "given",
		"127.0.0.1:5000/buildkit":        "local",
		"registry.example/buildkit":      "stored",
		"other.example/buildkit":         "",
		"registry.example:5000/buildkit": "",
	} {
		var got struct{ Username string }
		if encoded := registryAuth(o, image); encoded != "" {
			data, err := base64.URLEncoding.DecodeString(encoded)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(data, &got); err != nil {
				t.Fatal(err)
			}
		}
		if got.Username != want {
			t.Errorf("%s is pulled by %q, want %q", image, got.Username, want)
		}
	}
	for _, name := range []string{"registry-1.docker.io", "index.docker.io", "https://index.docker.io/v1/", "docker.io"} {
		if login, ok := o.Logins.Find(name); !ok || login.Username != "given" {
			t.Errorf("%s has the login %v", name, login)
		}
	}
}
