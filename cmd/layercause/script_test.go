package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// TestMain makes the test binary the program too: a script that executes
// layercause runs main.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"layercause": main})
}

// TestScript runs the scripts in testdata/script with a real daemon and a real
// registry, which holds base:1, an image with busybox. A script finds
//
//	$REGISTRY    127.0.0.1:PORT; BASE in a file named Dockerfile stands for $REGISTRY/base:1
//	$BUILDER     the daemon's address, which BUILDKIT_HOST names too
//	$BUILDKITD   the folder of the buildkitd binary
//
// and the commands of commands_test.go beside testscript's own.
func TestScript(t *testing.T) {
	registry := buildkittest.Registry(t)
	buildkittest.PushImage(t, registry+"/base:1", buildkittest.Image{})
	daemon := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		ContinueOnError:     true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fails":    fails,
			"github":   gitHub,
			"gitserve": gitServe,
			"tinydisk": tinyDisk,
			"json":     jsonField,
			"steps":    steps,
			"inimage":  inImage,

			"samefigures": sameFigures,
		},
		Setup: func(env *testscript.Env) error {
			for name, value := range map[string]string{
				"REGISTRY": registry, "BUILDER": daemon.Address, "BUILDKIT_HOST": daemon.Address,
				"BUILDKITD": filepath.Dir(buildkittest.Binary(t, "buildkitd")),
				"HOME":      env.WorkDir + "/home", "XDG_CACHE_HOME": env.WorkDir + "/cache",
				"DOCKER_HOST": "unix://" + env.WorkDir + "/no-docker.sock",
			} {
				env.Setenv(name, value)
			}
			env.Values[githubKey{}] = &pretendGitHub{}
			return nameBase(env.WorkDir, registry+"/base:1")
		},
	})
}

// nameBase puts the base image's name into the Dockerfiles of a script.
func nameBase(dir, ref string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.Contains(e.Name(), "Dockerfile") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, []byte(strings.ReplaceAll(string(data), "BASE", ref)), 0o644)
	})
}

var (
	errorLine = regexp.MustCompile(`(?m)^error: [^\n]{5,}$`)
	hintLine  = regexp.MustCompile(`(?m)^hint: [^\n]{5,}$`)
	crash     = regexp.MustCompile(`(?m)^(panic: |goroutine \d+|fatal error: )|\(\*|%!`)
)

// fails runs a command, alone with an empty PATH if that word stands before it.
// It must end with the exit code given first, and one clear error. Where the user has to do something else next, a hint says what.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fails CODE COMMAND…")
	}
	if args[1] == "alone" { // nothing else is on PATH
		program, err := exec.LookPath(args[2])
		ts.Check(err)
		ts.Setenv("PATH", "")
		args = append([]string{args[0], program}, args[3:]...)
	}
	code := "0"
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = strings.TrimPrefix(exit.Error(), "exit status ")
	case err != nil:
		ts.Fatalf("running %s: %v", args[1], err)
	}
	stderr := ts.ReadFile("stderr")
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
	if n := len(errorLine.FindAllString(stderr, -1)); n != 1 {
		ts.Fatalf("%d lines begin with error:, want one", n)
	}
	if n := len(hintLine.FindAllString(stderr, -1)); n > 1 || n == 0 && code != "1" {
		ts.Fatalf("%d lines begin with hint:, want one", n)
	}
	if at := crash.FindString(stderr); at != "" {
		ts.Fatalf("the output holds %q", at)
	}
}
