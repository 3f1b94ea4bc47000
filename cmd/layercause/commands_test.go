package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"
)

// gitServe makes a repository of a folder and serves it over HTTP until the
// script ends; its address goes into a variable.
func gitServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: gitserve FOLDER VARIABLE")
	}
	dir := ts.MkAbs(args[0])
	for _, git := range []string{
		"init -q -b main", "add .", "-c user.name=test -c user.email=test@localhost commit -q -m Start", "update-server-info",
	} {
		cmd := exec.Command("git", append([]string{"-C", dir}, strings.Fields(git)...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			ts.Fatalf("git %s: %v\n%s", git, err, out)
		}
	}
	files := http.StripPrefix("/repository.git", http.FileServer(http.Dir(dir+"/.git")))
	server := httptest.NewServer(files)
	ts.Defer(server.Close)
	ts.Setenv(args[1], server.URL+"/repository.git")
}

// tinyDisk mounts a file system of the given number of KiB until the script ends.
func tinyDisk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tinydisk FOLDER KIB")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[1]+"k"))
	ts.Defer(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// jsonField compares a field of a JSON file, named by keys and indexes, with the
// text it should have.
func jsonField(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: json FILE KEY… WANT")
	}
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &value))
	keys, want := args[1:len(args)-1], args[len(args)-1]
	for _, key := range keys {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(v) {
				ts.Fatalf("%s has no element %s", args[0], key)
			}
			value = v[i]
		default:
			ts.Fatalf("%s has no %v", args[0], keys)
		}
	}
	if got := fmt.Sprint(value); (got == want) == neg {
		ts.Fatalf("%s %v is %q, want %q", args[0], keys, got, want)
	}
}

// steps compares what the report says of each step with a list of
// INSTRUCTION=STATUS, where INSTRUCTION is its first word.
func steps(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: steps REPORT INSTRUCTION=STATUS…")
	}
	var report struct {
		Steps []struct{ Instruction, Status string }
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &report))
	var got []string
	for _, s := range report.Steps {
		word, _, _ := strings.Cut(s.Instruction, " ")
		got = append(got, word+"="+s.Status)
	}
	if g, w := strings.Join(got, " "), strings.Join(args[1:], " "); g != w {
		ts.Fatalf("the steps are %s, want %s", g, w)
	}
}

// inImage says that an image is in the registry, with a label.
func inImage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: inimage REFERENCE LABEL VALUE")
	}
	ref, err := name.ParseReference(args[0], name.Insecure)
	ts.Check(err)
	img, err := remote.Image(ref)
	ts.Check(err)
	config, err := img.ConfigFile()
	ts.Check(err)
	if got := config.Config.Labels[args[1]]; got != args[2] {
		ts.Fatalf("the label %s of %s is %q, want %q", args[1], args[0], got, args[2])
	}
}

// sameFigures says that a build in the list of layercause history has the figures
// of its report.
func sameFigures(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: samefigures HISTORY REPORT BUILD")
	}
	type figures struct{ HitRate, SavedSeconds, LostSeconds, NetSavedSeconds float64 }
	var report struct {
		Totals figures
		Build  struct{ WallSeconds float64 }
	}
	var history struct {
		Groups []struct {
			Builds []struct {
				WallSeconds                                         float64
				HitRate, SavedSeconds, LostSeconds, NetSavedSeconds float64
			}
		}
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &history))
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &report))
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	b := history.Groups[0].Builds[n]
	got := figures{b.HitRate, b.SavedSeconds, b.LostSeconds, b.NetSavedSeconds}
	if got != report.Totals || b.WallSeconds != report.Build.WallSeconds || b.WallSeconds == 0 {
		ts.Fatalf("build %d has %+v in %g s, its report %+v in %g s", n, got, b.WallSeconds, report.Totals, report.Build.WallSeconds)
	}
}
