package pipeline_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// image reads the words of a base or layout act. The story's name is in each
// image, so that no story finds another's results.
func (w *world) image(settings []string) buildkittest.Image {
	i := buildkittest.Image{Marker: w.registry}
	for n, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		switch {
		case name == "marker":
			i.Marker += " " + value
		case name == "platforms":
			i.Platforms = strings.Split(value, ",")
		case name == "onbuild":
			for trigger := range strings.SplitSeq(strings.Join(settings[n+1:], " "), " onbuild ") {
				i.OnBuild = append(i.OnBuild, trigger)
			}
			return i
		default:
			i.Env = append(i.Env, s)
		}
	}
	return i
}

// umask gives everything in the tree the permissions that a checkout under that
// umask has.
func (w *world) umask(mask os.FileMode) error {
	return filepath.WalkDir(w.tree(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		mode := os.FileMode(0o666)
		if d.IsDir() || fi.Mode()&0o100 != 0 {
			mode = 0o777
		}
		return os.Chmod(path, mode&^mask)
	})
}

func octal(s string) (os.FileMode, error) {
	n, err := strconv.ParseUint(s, 8, 32)
	return os.FileMode(n), err
}

// crlf ends the lines of a file as Windows does.
func crlf(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")), 0o644)
}

// sshKey writes a new key.
func sshKey(path string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// serve starts the story's web server: the folder web, and the git repository
// repo.git.
func (w *world) serve() error {
	backend, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return fmt.Errorf("looking for git: %w", err)
	}
	git := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(backend)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + w.dir, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null"},
	}
	mux := http.NewServeMux()
	mux.Handle("/repo.git/", git)
	mux.Handle("/", http.FileServer(http.Dir(filepath.Join(w.dir, "web"))))
	server := httptest.NewServer(mux)
	w.t.Cleanup(server.Close)
	w.web = server.URL
	return w.git("", "init", "--quiet", "--bare", "--initial-branch=main", "repo.git")
}

// publish puts files on the web server. Each time they are an hour newer.
func (w *world) publish(files map[string]string) error {
	dir := filepath.Join(w.dir, "web")
	if err := write(dir, files); err != nil {
		return err
	}
	w.hours++
	when := w.now()
	for name := range files {
		if err := os.Chtimes(filepath.Join(dir, name), when, when); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) now() time.Time {
	return time.Date(2026, 1, 1, w.hours, 0, 0, 0, time.UTC)
}

// push puts files into the repository, on a branch. It makes a commit even if
// nothing changed.
func (w *world) push(files map[string]string, branch string) error {
	w.hours++
	if _, err := os.Stat(filepath.Join(w.dir, "work")); err != nil {
		if err := w.git("", "clone", "--quiet", "repo.git", "work"); err != nil {
			return err
		}
	}
	if err := write(filepath.Join(w.dir, "work"), files); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"add", "--all"}, {"commit", "--quiet", "--allow-empty", "-m", "A change."}, {"push", "--quiet", "origin", "HEAD:refs/heads/" + branch},
	} {
		if err := w.git("work", args...); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) git(dir string, args ...string) error {
	when := w.now().Format(time.RFC3339)
	cmd := exec.Command("git", args...)
	cmd.Dir = filepath.Join(w.dir, dir)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE="+when,
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE="+when)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w: %s", args[0], err, out)
	}
	return nil
}
