package pipeline

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Advice reads manifests of the context: nothing outside of it, nothing that is no
// file, and nothing large.
func TestReadFileOfTheContext(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, size int) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	context := filepath.Join(dir, "context")
	if err := os.MkdirAll(filepath.Join(context, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	write("secret", 3)
	write("context/folder/package.json", 7)
	write("context/large", mostRead+1)
	for to, from := range map[string]string{"out": "../secret", "in": "folder/package.json"} {
		if err := os.Symlink(from, filepath.Join(context, to)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(context, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	read := advisor{context: context}.readFile()
	for name, size := range map[string]int{
		"folder/package.json": 7, "in": 7, "out": -1, "../secret": -1, "large": -1, "pipe": -1, "folder": -1, "none": -1,
	} {
		data, err := read(name)
		if (err == nil) != (size >= 0) || err == nil && len(data) != size {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
	}
	if (advisor{context: "https://example.com/a.git"}).readFile() != nil {
		t.Error("files of a remote context can be read")
	}
}
