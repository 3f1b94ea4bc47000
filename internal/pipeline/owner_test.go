package pipeline

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGiveBack states whose the files of a workspace are after the action, which is root
// there as these tests are.
func TestGiveBack(t *testing.T) {
	const runner, other = 1001, 1002
	folder, outside := t.TempDir(), filepath.Join(t.TempDir(), "kept")
	for name, uid := range map[string]int{
		".layercause/test/report.json": 0, ".layercause/test/theirs": other, "root-of-another-step": 0, "out/usr/bin/app": 0,
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Lchown(path, uid, uid); err != nil {
			t.Fatalf("these tests run as root: %v", err)
		}
	}
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{".layercause/test/link": outside, "away": filepath.Dir(outside)} {
		if err := os.Symlink(to, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(folder, runner, runner); err != nil {
		t.Fatal(err)
	}
	paths := []string{".layercause/test", "out", "not there/at all", "."}
	for i, p := range paths {
		paths[i] = filepath.Join(folder, p)
	}
	if err := giveBack(folder, append(paths, filepath.Dir(outside), "relative")); err != nil {
		t.Error(err)
	}
	if err := giveBack(folder, []string{filepath.Join(folder, "away/kept")}); err == nil {
		t.Error("a link led out of the workspace")
	}
	got := map[string]int{}
	if err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		s, err := ownerOf(os.Lstat(path))
		rel, _ := filepath.Rel(folder, path)
		got[rel] = int(s.Uid)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		".": runner, ".layercause": runner, ".layercause/test": runner, ".layercause/test/report.json": runner,
		".layercause/test/theirs": other, ".layercause/test/link": runner, "root-of-another-step": 0, "away": runner,
		"out": runner, "out/usr": runner, "out/usr/bin": runner, "out/usr/bin/app": runner,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the owners (-want +got):\n%s", diff)
	}
	if s, err := ownerOf(os.Stat(outside)); err != nil || s.Uid != 0 {
		t.Errorf("what a link leads to has the owner %v, %v", s, err)
	}
}
