package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/advice"
)

// files makes a folder of files; a name that ends in @ is a link to the content.
func files(t *testing.T, content map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range content {
		var err error
		path := filepath.Join(dir, strings.TrimSuffix(name, "@"))
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			if strings.HasSuffix(name, "@") {
				err = os.Symlink(text, path)
			} else {
				err = os.WriteFile(path, []byte(text), 0o640)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// An edit is carried over to what the file is now, or refused.
func TestChanges(t *testing.T) {
	const text = "FROM a\nCOPY . .\nRUN b\nRUN c\n"
	edit := advice.FileEdit{Path: "Dockerfile", Before: []byte(text), After: []byte("FROM a\nRUN b\nCOPY . .\nRUN c\n")}
	outside := files(t, map[string]string{"Dockerfile": text})
	for name, c := range map[string]struct {
		files   map[string]string
		edit    advice.FileEdit
		path    string // that is changed; empty: it is refused
		content string // afterwards
	}{
		"as it was looked at":    {map[string]string{"Dockerfile": text}, edit, "Dockerfile", string(edit.After)},
		"changed elsewhere":      {map[string]string{"Dockerfile": text + "\nCMD x\n"}, edit, "Dockerfile", string(edit.After) + "\nCMD x\n"},
		"changed at the place":   {map[string]string{"Dockerfile": "FROM a\nCOPY x .\nRUN b\nRUN c\n"}, edit, "", ""},
		"gone":                   {map[string]string{}, edit, "", ""},
		"a folder now":           {map[string]string{"Dockerfile/x": ""}, edit, "", ""},
		"a link":                 {map[string]string{"Dockerfile@": "docker/file", "docker/file": text}, edit, "docker/file", string(edit.After)},
		"a link in a folder":     {map[string]string{"Dockerfile@": "./d/file", "d@": "docker", "docker/file": text}, edit, "docker/file", string(edit.After)},
		"a link that leads out":  {map[string]string{"Dockerfile@": outside + "/Dockerfile"}, edit, "", ""},
		"a link to nothing":      {map[string]string{"Dockerfile@": "nothing"}, edit, "", ""},
		"a folder leads out":     {map[string]string{"d@": outside}, advice.FileEdit{Path: "d/Dockerfile", Before: []byte(text), After: []byte("x")}, "", ""},
		"a path that leads out":  {map[string]string{}, advice.FileEdit{Path: "../new", After: []byte("x")}, "", ""},
		"a new file":             {map[string]string{}, advice.FileEdit{Path: ".dockerignore", After: []byte("x\n")}, ".dockerignore", "x\n"},
		"a new file that exists": {map[string]string{".dockerignore": "y\n"}, advice.FileEdit{Path: ".dockerignore", After: []byte("x\n")}, "", ""},
		"no folder for it":       {map[string]string{}, advice.FileEdit{Path: "no/new", After: []byte("x\n")}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := files(t, c.files)
			changes, err := changesOf(dir, []advice.FileEdit{c.edit})
			if err == nil {
				err = writeChanges(dir, changes)
			}
			if c.path == "" {
				var e *Error
				if !errors.As(err, &e) || e.Hint == "" {
					t.Errorf("it is not refused with a hint: %v", err)
				}
				if got := read(t, outside, "Dockerfile"); got != text {
					t.Errorf("the file outside is %q", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(changes) != 1 || changes[0].path != c.path {
				t.Errorf("the changes are %+v", changes)
			}
			if got := read(t, dir, c.path); got != c.content {
				t.Errorf("the file is %q, want %q", got, c.content)
			}
		})
	}
}

// Modes stay, and nothing is left beside the files.
func TestWriteKeepsModes(t *testing.T) {
	dir := files(t, map[string]string{"Dockerfile": "a\n"})
	if err := os.Chmod(filepath.Join(dir, "Dockerfile"), 0o751); err != nil {
		t.Fatal(err)
	}
	changes, err := changesOf(dir, []advice.FileEdit{{Path: "Dockerfile", Before: []byte("a\n"), After: []byte("b\n")}, {Path: "new", After: []byte("n\n")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := writeChanges(dir, changes); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder holds %v (%v)", entries, err)
	}
	for name, want := range map[string]os.FileMode{"Dockerfile": 0o751, "new": 0o644} {
		fi, err := os.Stat(filepath.Join(dir, name))
		if err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s has mode %v (%v)", name, fi.Mode(), err)
		}
	}
}

// If one file cannot be written, all stay what they were.
func TestWriteIsAllOrNothing(t *testing.T) {
	for name, hinder := range map[string]func(dir string) error{
		"there is no folder": func(dir string) error { return os.RemoveAll(filepath.Join(dir, "sub")) },
		"a folder stands there": func(dir string) error {
			return os.MkdirAll(filepath.Join(dir, "sub", "late", "full"), 0o755)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := files(t, map[string]string{"Dockerfile": "a\n", "sub/x": ""})
			changes, err := changesOf(dir, []advice.FileEdit{
				{Path: "Dockerfile", Before: []byte("a\n"), After: []byte("b\n")},
				{Path: "new", After: []byte("n\n")},
				{Path: "sub/late", After: []byte("l\n")},
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := hinder(dir); err != nil {
				t.Fatal(err)
			}
			var e *Error
			if err := writeChanges(dir, changes); !errors.As(err, &e) || e.Code != ExitFailed || !strings.Contains(e.Hint, "nothing was changed") {
				t.Errorf("the error is %v", err)
			}
			if got := read(t, dir, "Dockerfile"); got != "a\n" {
				t.Errorf("the Dockerfile is %q", got)
			}
			entries, err := os.ReadDir(dir)
			for _, e := range entries {
				if e.Name() != "Dockerfile" && e.Name() != "sub" {
					t.Errorf("%s was left behind", e.Name())
				}
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
