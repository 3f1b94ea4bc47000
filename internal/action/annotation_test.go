package action

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestAnnotate(t *testing.T) {
	var out bytes.Buffer
	log := NewLog(&out, nil)
	log.Annotate([]Annotation{
		{Level: LevelNotice, File: "a,b:c/Dockerfile", Line: 6, Title: "COPY . . lost the cache", Message: "100% of\r\nsrc"},
		{Level: LevelError, File: "Dockerfile", Line: 7, EndLine: 9, Message: "failed: ::x", Cost: 1},
		{Level: LevelWarning, Message: "no file", Line: 3},
	})
	want := "::error endLine=9,file=Dockerfile,line=7::failed: ::x\n" +
		"::notice endLine=6,file=a%2Cb%3Ac/Dockerfile,line=6,title=COPY . . lost the cache::100%25 of%0Asrc\n" +
		"::warning::no file\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMostCostlyComeFirstAndTenOfEachLevelAtMost(t *testing.T) {
	var list []Annotation
	for i := range 14 {
		list = append(list,
			Annotation{Level: LevelWarning, Message: fmt.Sprint("w", i), Cost: float64(i)},
			Annotation{Level: LevelNotice, Message: fmt.Sprint("n", i)})
	}
	var out bytes.Buffer
	log := NewLog(&out, nil)
	log.Warning("before") // spends one of the ten
	if dropped := log.Annotate(list); dropped != 9 {
		t.Errorf("%d were dropped, want 9", dropped)
	}
	log.Warning("one too many")
	r := readLog(out.String())
	var warnings, notices []string
	for _, c := range r.commands {
		if c.name == "warning" {
			warnings = append(warnings, c.data)
		} else {
			notices = append(notices, c.data)
		}
	}
	wantWarnings := []string{"before", "w13", "w12", "w11", "w10", "w9", "w8", "w7", "w6", "w5"}
	wantNotices := []string{"n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9"}
	if !slices.Equal(warnings, wantWarnings) || !slices.Equal(notices, wantNotices) {
		t.Errorf("warnings %v, notices %v", warnings, notices)
	}
	if !slices.Equal(r.plain, []string{"warning: one too many"}) {
		t.Errorf("plain lines: %q", r.plain)
	}
}

func TestAnnotationsAreCutToTheLimits(t *testing.T) {
	var out bytes.Buffer
	NewLog(&out, nil).Annotate([]Annotation{{Level: LevelError, Title: strings.Repeat("ü", 300), Message: strings.Repeat("é", 5000)}})
	c := readLog(out.String()).commands[0]
	if n := utf8.RuneCountInString(c.data); n != 4096 || !strings.HasSuffix(c.data, "é…") {
		t.Errorf("the message has %d characters", n)
	}
	if n := utf8.RuneCountInString(c.properties["title"]); n != 255 {
		t.Errorf("the title has %d characters", n)
	}
}

func TestMask(t *testing.T) {
	var out bytes.Buffer
	log := NewLog(&out, nil)
	log.Mask("two\nlines")
	log.Mask(" \n")
	if got := out.String(); got != "::add-mask::two%0Alines\n" {
		t.Errorf("got %q", got)
	}
}

// Whatever an annotation's texts are, it is one line and one command, and the
// runner reads from it what was meant.
func FuzzAnnotation(f *testing.F) {
	f.Add("Dockerfile", "title", "message\n::error::x", 3)
	f.Add("a::b,c=d\n", "::stop-commands::x", "%0A::error::%25\r##[error]y", -1)
	f.Add("\x00\x1b]0;x\x07", "\u2028,line=9", "\xff\xfe", 0)
	f.Fuzz(func(t *testing.T, file, title, message string, line int) {
		var out bytes.Buffer
		NewLog(&out, zeros{}).Annotate([]Annotation{{
			Level: LevelWarning, File: file, Line: line, Title: title, Message: message,
		}})
		text := out.String()
		if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") || strings.Contains(text, "\r") {
			t.Fatalf("more than one line: %q", text)
		}
		r := readLog(text)
		if len(r.commands) != 1 || r.stopped != "" || r.commands[0].name != "warning" {
			t.Fatalf("obeyed %+v", r.commands)
		}
		c := r.commands[0]
		if want := annotationText(message); want != "" && c.data != want {
			t.Errorf("message %q, want %q", c.data, want)
		}
		// The runner trims its properties as a whole, so the edges may go.
		if got, want := strings.TrimSpace(c.properties["file"]), strings.TrimSpace(cleanLine(file)); got != want {
			t.Errorf("file %q, want %q", got, want)
		}
		if got, want := c.properties["title"], truncate(singleLine(title), titleLimit); got != want {
			t.Errorf("title %q, want %q", got, want)
		}
		for name := range c.properties {
			if !slices.Contains([]string{"file", "title", "line", "endLine"}, name) {
				t.Errorf("property %s was planted", name)
			}
		}
	})
}
