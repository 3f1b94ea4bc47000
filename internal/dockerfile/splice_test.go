package dockerfile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/dockerfile"
)

func TestSplice(t *testing.T) {
	tests := []struct {
		name, text string
		old, with  string // in the second instruction
		want       string
	}{
		{"a word", "FROM a\nRUN b c d # e\n", "c", "x y", "FROM a\nRUN b x y d # e\n"},
		{"the first word", "FROM a\n  run b\n", "run", "RUN", "FROM a\n  RUN b\n"},
		{"on a continued line", "FROM a\r\nRUN b && \\\r\n\t# why\r\n\r\n\tc  d \\\r\n  e\r\nCMD f", "c  d", "c\\\nd",
			"FROM a\r\nRUN b && \\\r\n\t# why\r\n\r\n\tc\\\r\nd \\\r\n  e\r\nCMD f"},
		{"across lines", "FROM a\nRUN b c\\\n  d e\n", "c  d", "f", "FROM a\nRUN b f e\n"},
		{"other escape", "# escape=`\nFROM a\nRUN b `\n  C:\\ `\n  d", "d", "e", "# escape=`\nFROM a\nRUN b `\n  C:\\ `\n  e"},
		{"in a heredoc", "FROM a\nRUN <<E\nb\n\n # c\nd\nE\n", "d", "x\ny", "FROM a\nRUN <<E\nb\n\n # c\nx\ny\nE\n"},
		{"without a last newline", "FROM a\nRUN b", "b", "c", "FROM a\nRUN c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := parse(t, tt.text)
			e := f.Edit()
			start := strings.Index(f.Instructions[1].Text, tt.old)
			if start < 0 || !e.Splice(1, start, start+len(tt.old), tt.with) {
				t.Fatalf("%q is not found in %q", tt.old, f.Instructions[1].Text)
			}
			if e.Splice(1, start, start+1, "") {
				t.Error("it can be replaced once more")
			}
			got := string(e.Bytes())
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if text := parse(t, got).Instructions[1].Text; e.Text(1) != text {
				t.Errorf("the text is %q, and parses as %q", e.Text(1), text)
			}
		})
	}
}

func TestComments(t *testing.T) {
	f := parse(t, "# syntax=x\n# of a\nFROM a\n\n# apart\n\n  # of b\r\n#\r\nRUN b\n")
	if diff := cmp.Diff([]string{"  # of b", "#"}, f.Comments(1)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := f.Comments(0); len(got) != 1 || got[0] != "# of a" {
		t.Errorf("the first instruction has the comments %q", got)
	}
}

func TestSpliceAndMove(t *testing.T) {
	f := parse(t, "FROM a\nRUN b \\\n  c\n# of d\nRUN d\n")
	e := f.Edit()
	end := len(f.Instructions[1].Text)
	if !e.Splice(1, end, end, " \\\n  x") || !e.Splice(2, 4, 4, "y ") {
		t.Fatal("an insertion has no place")
	}
	if e.Splice(2, 0, 99, "") || e.Splice(2, 4, 4, "z") {
		t.Error("what is not there, or twice at one place, is replaced")
	}
	e.MoveBefore(2, 1)
	want := "FROM a\n# of d\nRUN y d\nRUN b \\\n  c \\\n  x\n"
	if diff := cmp.Diff(want, string(e.Bytes())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A splice changes nothing but the text that it replaces: in the file, and in
// what is parsed.
func FuzzSplice(f *testing.F) {
	for _, s := range []string{"FROM a\nRUN b \\\n # c\n  d\nCMD e", "FROM a\r\nRUN <<E\r\nb\r\nE\r\n", "FROM a\nRUN <<-A <<B\n\tb\n\tA\nB\n", "# escape=`\nFROM a `\n AS b\n"} {
		f.Add([]byte(s), uint8(1), uint16(4))
		f.Add([]byte(s), uint8(0), uint16(6))
	}
	f.Fuzz(func(t *testing.T, data []byte, i uint8, at uint16) {
		file, err := dockerfile.Parse("f", data)
		if err != nil {
			return
		}
		n := int(i) % len(file.Instructions)
		in := file.Instructions[n]
		start := int(at) % (len(in.Text) + 1)
		e := file.Edit()
		if !e.Splice(n, start, min(start+1, len(in.Text)), "zz") {
			return
		}
		got := string(e.Bytes())
		if !strings.HasPrefix(got, string(data[:in.Bytes.Start])) || !strings.HasSuffix(got, string(data[in.Bytes.End:])) {
			t.Fatalf("bytes around the instruction changed: %q", got)
		}
		after := got[in.Bytes.Start : len(got)-len(data)+in.Bytes.End]
		before := string(data[in.Bytes.Start:in.Bytes.End])
		k := 0
		for k < len(after) && k < len(before) && after[k] == before[k] {
			k++
		}
		if rest := len(before) - k; !strings.HasSuffix(after, before[min(len(before), k+1):]) && !strings.HasSuffix(after, before[len(before)-rest:]) {
			t.Fatalf("%q became %q", before, after)
		}
	})
}
