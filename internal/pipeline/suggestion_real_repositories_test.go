package pipeline_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"testing"
	"time"
)

// packageHost is the name that manifests and lock files have for the repositories of
// packages. No name server knows it: they answer as its proxy.
const packageHost = "http://packages.test"

// repositories serves a registry of npm's below /npm, and a Python repository below
// /simple, of a few small packages each. It returns the address of their proxy, and
// that of one that has the same but for the archives: what is kept needs none.
func repositories(t *testing.T) (all, withoutArchives string) {
	t.Helper()
	mux := http.NewServeMux()
	for _, name := range []string{"letter", "parcel"} {
		serveNpm(t, mux, name)
	}
	for _, name := range []string{"stamp", "weight"} {
		servePython(t, mux, name)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	without := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains([]string{".tgz", ".whl"}, path.Ext(r.URL.Path)) {
			http.Error(w, "the archives are gone", http.StatusGone)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(without.Close)
	return server.URL, without.URL
}

// serveNpm serves version 1.0.0 of a package: what is known of it, and its archive.
//
// https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md
func serveNpm(t *testing.T, mux *http.ServeMux, name string) {
	t.Helper()
	var archive bytes.Buffer
	z, err := gzip.NewWriterLevel(&archive, gzip.NoCompression) // what compresses differs by the version of Go
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, f := range [][2]string{
		{"package/package.json", fmt.Sprintf(`{"name":%q,"version":"1.0.0","main":"index.js"}`, name)},
		{"package/index.js", fmt.Sprintf("module.exports = %q\n", name)},
	} {
		if err := w.WriteHeader(&tar.Header{Name: f[0], Mode: 0o644, Size: int64(len(f[1])), ModTime: packed}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	at := fmt.Sprintf("/npm/%[1]s/-/%[1]s-1.0.0.tgz", name)
	serveArchive(mux, at, archive.Bytes())
	short, long := sha1.Sum(archive.Bytes()), sha512.Sum512(archive.Bytes())
	mux.HandleFunc("GET /npm/"+name, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"name":%[1]q,"dist-tags":{"latest":"1.0.0"},"modified":"2024-01-01T00:00:00.000Z","time":{"1.0.0":"2024-01-01T00:00:00.000Z"},`+
			`"versions":{"1.0.0":{"name":%[1]q,"version":"1.0.0","main":"index.js","dist":{"tarball":%[2]q,"shasum":%[3]q,"integrity":"sha512-%[4]s"}}}}`,
			name, "http://"+r.Host+at, hex.EncodeToString(short[:]), base64.StdEncoding.EncodeToString(long[:]))
	})
}

// servePython serves version 1.0 of a package as PEP 503 describes it.
func servePython(t *testing.T, mux *http.ServeMux, name string) {
	t.Helper()
	var wheel bytes.Buffer
	w := zip.NewWriter(&wheel)
	info := name + "-1.0.dist-info/"
	for _, f := range [][2]string{
		{name + ".py", fmt.Sprintf("name = %q\n", name)},
		{info + "METADATA", "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n"},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "RECORD", fmt.Sprintf("%s.py,,\n%[2]sMETADATA,,\n%[2]sWHEEL,,\n%[2]sRECORD,,\n", name, info)},
	} {
		entry, err := w.CreateHeader(&zip.FileHeader{Name: f[0], Method: zip.Store, Modified: packed})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(entry, f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	at := "/wheels/" + name + "-1.0-py3-none-any.whl"
	serveArchive(mux, at, wheel.Bytes())
	page := fmt.Sprintf(`<!DOCTYPE html><html><body><a href="%s#sha256=%x">%s</a></body></html>`, packageHost+at, sha256.Sum256(wheel.Bytes()), path.Base(at))
	mux.HandleFunc("GET /simple/"+name+"/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, page)
	})
}

// packed is when the packages were made: their digests stand in lock files.
var packed = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// serveArchive takes as long as a package does that is worth a suggestion.
func serveArchive(mux *http.ServeMux, at string, data []byte) {
	mux.HandleFunc("GET "+at, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(slow)
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Cache-Control", "max-age=365000000, immutable, public") // else pip does not keep it
		w.Write(data)
	})
}
