package runnertest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseLog(t *testing.T) {
	log := "plain\n" +
		"::add-mask::s3cret%25\r\n" +
		"  ::notice file=Dockerfile,line=6,endLine=7,title=a%3A b%2C c::one%0Atwo\n" +
		"::stop-commands::tok\n::error::planted\n::other::\n::tok::\n" +
		"::error::after\nnot at the start ::error::x\n::warning no end\n"
	annotations, masks := parseLog(log)
	want := []Annotation{
		{Level: "notice", File: "Dockerfile", Line: 6, EndLine: 7, Title: "a: b, c", Message: "one\ntwo"},
		{Level: "error", Message: "after"},
	}
	if d := cmp.Diff(want, annotations); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"s3cret%"}, masks); d != "" {
		t.Error(d)
	}
}

func TestParseOutputs(t *testing.T) {
	got, err := parseOutputs("a=1=2\n\nb<<END\nx\ny=z\nEND\nc=\n")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"a": "1=2", "b": "x\ny=z", "c": ""}, got); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"b<<END\nx\n", "nothing\n"} {
		if _, err := parseOutputs(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
