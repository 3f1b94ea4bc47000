package builder_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/builder"
)

// runAsUser is what TestWithoutRoot runs as another user: it says why no builder
// could be reached. The programs are those in dir.
func runAsUser(dir string) {
	_, err := builder.Connect(context.Background(), builder.Options{
		LookPath: func(name string) (string, error) {
			path := filepath.Join(dir, name)
			_, err := os.Stat(path)
			return path, err
		},
		StateDir: filepath.Join(dir, "state"),
		Getenv:   env("TMPDIR", dir, "DOCKER_HOST", noEngine),
	})
	var e *builder.Error
	if !errors.As(err, &e) {
		fmt.Printf("%T: %v\n", err, err)
		return
	}
	fmt.Printf("%v\nhint: %s\n", err, e.Hint)
}

func TestWithoutRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("the tests of children need root")
	}
	// A folder that the other user may enter and write to, with this program in it.
	dir, err := os.MkdirTemp("", "rootless-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"self": string(self), "buildkitd": "#!/bin/sh\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	run := func() string {
		t.Helper()
		cmd := exec.Command(filepath.Join(dir, "self"))
		cmd.Env = []string{"BUILDER_TEST_USER=" + dir, "PATH=/usr/bin:/bin"}
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	if got := run(); !strings.Contains(got, "buildkitd is here, but needs root or rootlesskit to run\nhint: install rootlesskit") {
		t.Errorf("without rootlesskit: %s", got)
	}

	// What rootlesskit is given shows in what it says.
	if err := os.WriteFile(filepath.Join(dir, "rootlesskit"), []byte("#!/bin/sh\necho \"$@\"\nexit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	got := run()
	for _, want := range []string{
		"buildkitd did not start: it ended with exit status 3",
		"--pidns", "--net=host", " " + dir + "/buildkitd --rootless --root " + dir + "/state/0/root --addr unix://",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("with rootlesskit: %s\nwant %q", got, want)
		}
	}
}
