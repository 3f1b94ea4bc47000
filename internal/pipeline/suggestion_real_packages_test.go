package pipeline_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// packageServer serves a package that says hello from small repositories, one for
// each package manager and in the form that its documentation gives. What only a
// tool can make is in the folder made.
type packageServer struct {
	t    *testing.T
	mux  *http.ServeMux
	url  string
	made string
}

// packages starts a server and gives its address.
func packages(t *testing.T, made string) string {
	s := &packageServer{t: t, mux: http.NewServeMux(), made: made}
	server := httptest.NewServer(s.mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	s.git()
	s.maven()
	s.download("/gradle.zip", s.file("gradle.zip"), slow)
	s.gems("/gems", 1000)
	s.gems("/gems-thrice", 3)
	s.php()
	s.rpms()
	return server.URL
}

func (s *packageServer) serve(path string, data []byte) {
	s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { w.Write(data) })
}

// How long packages take to come, so that a suggestion is worth making: of what is
// compiled as well, a cache mount is taken to save but a fifth.
const (
	slow     = 2 * time.Second
	compiled = 4 * time.Second
)

// download serves what takes its time.
func (s *packageServer) download(path string, data []byte, takes time.Duration) {
	s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(takes)
		w.Write(data)
	})
}

func (s *packageServer) file(name string) []byte {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.made, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return data
}

// git serves repositories below /git/: cargo's index, whose form is that of
// https://doc.rust-lang.org/cargo/reference/registry-index.html, and a package of mix.
func (s *packageServer) git() {
	s.t.Helper()
	root := s.t.TempDir()
	crate := tarred(s.t, map[string]string{
		"greeting-1.0.0/Cargo.toml": "[package]\nname = \"greeting\"\nversion = \"1.0.0\"\n",
		"greeting-1.0.0/src/lib.rs": "pub fn hello() -> &'static str { \"hello\" }\n",
	})
	s.repository(filepath.Join(root, "crates"), map[string]string{
		"config.json":    fmt.Sprintf(`{"dl": "%s/crates"}`, s.url),
		"gr/ee/greeting": fmt.Sprintf(`{"name":"greeting","vers":"1.0.0","deps":[],"cksum":"%x","features":{},"yanked":false}`+"\n", sha256.Sum256(crate)),
	})
	s.download("/crates/greeting/1.0.0/download", crate, compiled)
	s.repository(filepath.Join(root, "greeting"), map[string]string{
		"mix.exs": `defmodule Greeting.MixProject do
  use Mix.Project
  def project, do: [app: :greeting, version: "1.0.0"]
end
`,
		"lib/greeting.ex": "defmodule Greeting do\n  def hello, do: \"hello\"\nend\n",
	})
	out, err := exec.CommandContext(s.t.Context(), "git", "--exec-path").Output()
	if err != nil {
		s.t.Fatalf("looking for git: %v", err)
	}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"), Root: "/git",
		Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"},
	}
	s.mux.HandleFunc("/git/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/git/greeting/") && r.Method == http.MethodPost {
			time.Sleep(slow)
		}
		backend.ServeHTTP(w, r)
	})
}

// repository makes a git repository, with the same commit in each run if the files
// are the same.
func (s *packageServer) repository(dir string, files map[string]string) {
	s.t.Helper()
	if err := write(dir, files); err != nil {
		s.t.Fatal(err)
	}
	for _, args := range [][]string{
		{"init", "-q", "--template=", "--initial-branch=main"}, {"add", "."},
		{"-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "greeting"},
	} {
		cmd := exec.CommandContext(s.t.Context(), "git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_DATE=2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2020-01-01T00:00:00Z")
		if out, err := cmd.CombinedOutput(); err != nil {
			s.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// maven serves a repository in the default layout of
// https://maven.apache.org/repositories/layout.html.
func (s *packageServer) maven() {
	s.t.Helper()
	const base = "/maven/org/example/greeting/1.0/greeting-1.0"
	pom := []byte(`<project><modelVersion>4.0.0</modelVersion><groupId>org.example</groupId><artifactId>greeting</artifactId><version>1.0</version></project>`)
	jar := s.file("greeting.jar")
	s.serve(base+".pom", pom)
	s.serve(base+".pom.sha1", fmt.Appendf(nil, "%x", sha1.Sum(pom)))
	s.download(base+".jar", jar, slow)
	s.serve(base+".jar.sha1", fmt.Appendf(nil, "%x", sha1.Sum(jar)))
}

// gems serves the compact index that https://guides.rubygems.org/rubygems-org-compact-index-api/
// describes, below a path. The gem can be had so many times: bundler does not say
// whether it downloads.
func (s *packageServer) gems(path string, times int32) {
	s.t.Helper()
	gem := s.file("greeting-1.0.0.gem")
	info := fmt.Appendf(nil, "---\n1.0.0 |checksum:%x\n", sha256.Sum256(gem))
	s.serve(path+"/versions", fmt.Appendf(nil, "created_at: 2020-01-01T00:00:00Z\n---\ngreeting 1.0.0 %x\n", md5.Sum(info)))
	s.serve(path+"/info/greeting", info)
	var served atomic.Int32
	s.mux.HandleFunc("GET "+path+"/gems/greeting-1.0.0.gem", func(w http.ResponseWriter, r *http.Request) {
		if served.Add(1) > times {
			http.NotFound(w, r)
			return
		}
		time.Sleep(compiled)
		w.Write(gem)
	})
}

// php serves a repository as https://getcomposer.org/doc/05-repositories.md describes it.
func (s *packageServer) php() {
	s.t.Helper()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for _, f := range [][2]string{
		{"greeting/composer.json", `{"name": "example/greeting", "version": "1.0.0", "autoload": {"psr-4": {"Example\\": "src/"}}}`},
		{"greeting/src/Greeting.php", "<?php\nnamespace Example;\nclass Greeting { const HELLO = 'hello'; }\n"},
	} {
		entry, err := w.Create(f[0])
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := entry.Write([]byte(f[1])); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		s.t.Fatal(err)
	}
	s.serve("/php/packages.json", fmt.Appendf(nil, `{"packages": {"example/greeting": {"1.0.0": {"name": "example/greeting", "version": "1.0.0",
		"dist": {"type": "zip", "url": "%s/php/greeting.zip"}, "autoload": {"psr-4": {"Example\\": "src/"}}}}}}`, s.url))
	s.download("/php/greeting.zip", archive.Bytes(), slow)
}

// rpms serves what rpmbuild and createrepo_c made.
func (s *packageServer) rpms() {
	files := http.StripPrefix("/rpms/", http.FileServer(http.Dir(filepath.Join(s.made, "rpms"))))
	s.mux.HandleFunc("GET /rpms/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".rpm") {
			time.Sleep(slow)
		}
		files.ServeHTTP(w, r)
	})
}

// tarred packs files, without compression: a lock file has the checksum.
func tarred(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
