package runnertest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseLog(t *testing.T) {
	log := "plain\n" +
		"::add-mask::s3cret%25\r\n" +
		"  ::notice file=Dockerfile,line=6,endLine=7,title=a%3A b%2C c::one%0Atwo\n" +
		"::stop-commands::tok\n::error::planted\nx ##[error]planted\n::other::\n::TOK::\n" +
		"::error::after\nnot at the start ::error::x\n::warning no end\n" +
		"the old form ##[warning file=a.txt;line=2]anywhere %5D s3cret%\n" +
		"##[stop-commands]t2\n::error::planted\n##[t2]\n::Debug::seen by nobody\n::unknown::x\n"
	got := parseLog(log)
	want := []Annotation{
		{Level: "notice", File: "Dockerfile", Line: 6, EndLine: 7, Title: "a: b, c", Message: "one\ntwo"},
		{Level: "error", Message: "after"},
		{Level: "warning", File: "a.txt", Line: 2, Message: "anywhere ] s3cret%"},
	}
	if d := cmp.Diff(want, got.annotations); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"s3cret%"}, got.masks); d != "" {
		t.Error(d)
	}
	shown := "plain\n##[notice]one\ntwo\n::stop-commands::tok\n::error::planted\nx ##[error]planted\n::other::\n::TOK::\n" +
		"##[error]after\nnot at the start ::error::x\n::warning no end\n##[warning]anywhere ] ***\n" +
		"##[stop-commands]t2\n::error::planted\n##[t2]\n::unknown::x"
	if d := cmp.Diff(shown, got.shown); d != "" {
		t.Error(d)
	}
}

func TestParseLogKeepsToTheLimits(t *testing.T) {
	got := parseLog(strings.Repeat("::warning::w\n", maxAnnotations+2) + "::error::" + strings.Repeat("é", maxMessageLength+1) + "\n")
	if len(got.annotations) != maxAnnotations+1 || got.dropped != 2 {
		t.Errorf("%d annotations, %d dropped", len(got.annotations), got.dropped)
	}
	if last := got.annotations[maxAnnotations]; last.Level != "error" || last.Message != strings.Repeat("é", maxMessageLength) {
		t.Errorf("the last annotation is a %s of %d bytes", last.Level, len(last.Message))
	}
	if got := parseLog("::set-env name=PATH::/x\n"); len(got.problems) != 1 {
		t.Errorf("problems %q, want one: the runner refuses set-env", got.problems)
	}
}

func TestParsePairs(t *testing.T) {
	got, err := parsePairs("a=1=2\n\nb<<END\nx\ny=z\n\nEND\nc=\nd<<E\nE\n")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"a": "1=2", "b": "x\ny=z\n", "c": "", "d": ""}, got); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"b<<END\nx\n", "b<<END\nx\nEND", "nothing\n", "<<END\nEND\n"} {
		if _, err := parsePairs(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestPaths(t *testing.T) {
	r := &Runner{work: "/home/runner/work", Temp: "/home/runner/work/_temp"}
	for host, container := range map[string]string{
		"/home/runner/work/shop/shop":               "/github/workspace",
		"/home/runner/work/shop/shop/a/b":           "/github/workspace/a/b",
		"/home/runner/work/_temp/x":                 "/github/runner_temp/x",
		"/home/runner/work/_temp/_github_home/.x":   "/github/home/.x",
		"/home/runner/work/shop/shopping":           "/home/runner/work/shop/shopping",
		"/home/runner/work/shop":                    "/home/runner/work/shop",
		"type=local,dest=/home/runner/work/_temp/x": "type=local,dest=/home/runner/work/_temp/x",
	} {
		if got := toContainer(r.mappings(), host); got != container {
			t.Errorf("%s becomes %s, want %s", host, got, container)
		}
		if got := toHost(r.mappings(), container); got != host {
			t.Errorf("%s comes back as %s, want %s", container, got, host)
		}
	}
	for file, want := range map[string]string{
		"Dockerfile": "Dockerfile", "/github/workspace/app/Dockerfile": "app/Dockerfile",
		"/github/runner_temp/x": "/home/runner/work/_temp/x", "/etc/x": "/etc/x",
	} {
		if got := fileOfAnnotation(r.mappings(), r.Workspace(), file); got != want {
			t.Errorf("the file %s is told as %s, want %s", file, got, want)
		}
	}
}
