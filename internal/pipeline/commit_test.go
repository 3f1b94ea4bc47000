package pipeline

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/record"
)

// A folder of a repository can itself look like a bare repository, whose
// configuration names programs: git must not take it for one.
func TestGitRunsNothingOfAPlantedRepository(t *testing.T) {
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	source, planted := filepath.Join(dir, "source"), filepath.Join(dir, "app")
	run("init", "-q", source)
	run("-C", source, "-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-q", "--allow-empty", "-m", "x")
	run("clone", "-q", "--bare", source, planted)
	proof := filepath.Join(dir, "proof")
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ntouch "+proof+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	// A commit that says that it is signed has git ask the program.
	run("-C", planted, "config", "log.showSignature", "true")
	run("-C", planted, "config", "gpg.program", program)
	commit, err := exec.Command("git", "-C", planted, "cat-file", "commit", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	head, message, _ := strings.Cut(string(commit), "\n\n")
	signed := exec.Command("git", "-C", planted, "hash-object", "-t", "commit", "-w", "--stdin")
	signed.Stdin = strings.NewReader(head + "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n" + message)
	id, err := signed.Output()
	if err != nil {
		t.Fatal(err)
	}
	run("-C", planted, "update-ref", "HEAD", strings.TrimSpace(string(id)))
	g := git{t.Context(), planted}
	if out := g.run("log", "-1"); out != "" {
		t.Errorf("git reads the planted repository: %s", out)
	}
	if _, err := os.Stat(proof); err == nil {
		t.Error("a program of the planted repository ran")
	}
}

// TestBuildsOfAURLAreCompared has builds of several commits of one repository, by its URL.
func TestBuildsOfAURLAreCompared(t *testing.T) {
	for url, want := range map[string]string{
		"https://example.com/o/r.git":                               "https://example.com/o/r.git",
		"https://example.com/o/r.git#main":                          "https://example.com/o/r.git",
		"https://example.com/o/r.git#" + strings.Repeat("a", 40):    "https://example.com/o/r.git",
		"https://me:SECRET@example.com/o/r.git#v1:folder":           "https://***@example.com/o/r.git#:folder",
		"https://example.com/o/r.git#:folder":                       "https://example.com/o/r.git#:folder",
		"git@example.com:o/r.git#main":                              "git@example.com:o/r.git",
		"https://example.com/context.tar.gz?version=1&token=SECRET": "https://example.com/context.tar.gz?version=1&token=***",
	} {
		if got, _ := commitOf(t.Context(), Env{}, &runner{}, url, record.Salt{}); got.Repository != want {
			t.Errorf("%s is of the repository %q, want %q", url, got.Repository, want)
		}
	}
}
