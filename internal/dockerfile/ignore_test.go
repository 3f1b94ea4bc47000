package dockerfile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/dockerfile"
)

func TestIgnores(t *testing.T) {
	const whole = dockerfile.WholeFile
	on := func(line, instruction int, rules ...string) dockerfile.Ignore {
		return dockerfile.Ignore{Line: line, Instruction: instruction, Rules: rules}
	}
	form := "it is not of the form ignore=RULE[,RULE…]"
	place := "it stands neither directly above an instruction nor at the top of the file"
	tests := []struct {
		name, text string
		want       []dockerfile.Ignore
	}{
		{"none", "# ignore=a\nFROM a\nRUN b # layercause: ignore=a\n", nil},
		{"above an instruction", "FROM a\n# why not\n# layercause: ignore=late-arg\n# more\nARG X\nRUN b\n", []dockerfile.Ignore{on(3, 1, "late-arg")}},
		{"several, with a reason", "FROM a\n#layercause:ignore=a,b-c , d2 since it is small\nRUN b\n", []dockerfile.Ignore{on(2, 1, "a", "b-c", "d2")}},
		{"all", "FROM a\n# Layercause: IGNORE = all\nRUN b\n", []dockerfile.Ignore{on(2, 1, "all")}},
		{"for the whole file", "# layercause: ignore=a\n\nFROM a\n", []dockerfile.Ignore{on(1, whole, "a")}},
		{"below directives", "# syntax=docker/dockerfile:1\n# layercause: ignore=a\n\n# layercause: ignore=b\nFROM a\n",
			[]dockerfile.Ignore{on(2, whole, "a"), on(4, 0, "b")}},
		{"with a byte order mark and Windows' line ends", "\xef\xbb\xbf# layercause: ignore=a\r\n\r\nFROM a\r\n", []dockerfile.Ignore{on(1, whole, "a")}},
		{"in an instruction", "FROM a\nRUN b \\\n# layercause: ignore=a\n  c\nRUN <<E\n# layercause: ignore=a\nE\nRUN d\n", nil},
		{"below a heredoc", "FROM a\nRUN <<#E\n# layercause: ignore=a\n#E\n# layercause: ignore=b\nRUN d\n", []dockerfile.Ignore{on(5, 2, "b")}},
		{"nowhere", "FROM a\n# layercause: ignore=a\n\nRUN b\n# layercause: ignore=b\n", []dockerfile.Ignore{
			{Line: 2, Instruction: whole, Problem: place}, {Line: 5, Instruction: whole, Problem: place},
		}},
		{"of another form", "FROM a\n# layercause: ignor=a\n# layercause: ignore=\n# layercause: ignore=a,,b\n# layercause: ignore=A_B\n# layercause:\nRUN b\n",
			[]dockerfile.Ignore{
				{Line: 2, Instruction: 1, Problem: form}, {Line: 3, Instruction: 1, Problem: form}, {Line: 4, Instruction: 1, Problem: form},
				{Line: 5, Instruction: 1, Problem: form}, {Line: 6, Instruction: 1, Problem: form},
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := dockerfile.Parse("Dockerfile", []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, f.Ignores()); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestIgnored(t *testing.T) {
	f, err := dockerfile.Parse("Dockerfile", []byte("# layercause: ignore=everywhere\n\nFROM a\n# layercause: ignore=one,two\nRUN b\n# layercause: ignore=all\nRUN c\nRUN d\n"))
	if err != nil {
		t.Fatal(err)
	}
	f.Bring(0, []string{"RUN brought"}) // now there is one more below FROM
	for rule, want := range map[string]string{"everywhere": "yyyyyy", "one": "nnnyyn", "two": "nnnyyn", "other": "nnnnyn"} {
		got := ""
		for i := dockerfile.WholeFile; i < len(f.Instructions); i++ {
			got += map[bool]string{true: "y", false: "n"}[f.Ignored(rule, i)]
		}
		if got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}

// Whatever a file holds, a comment is told of once, at its line, for an instruction
// below it; and it stays with the instruction when an edit moves that.
func FuzzIgnores(f *testing.F) {
	seeds(f)
	f.Add([]byte("# layercause: ignore=a\n\nFROM a\n# layercause: ignore=b,all why\nRUN b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := dockerfile.Parse("f", data)
		if err != nil {
			return
		}
		last := 0
		for _, g := range file.Ignores() {
			if g.Line <= last || file.InstructionAt(g.Line) >= 0 {
				t.Fatalf("%+v after line %d", g, last)
			}
			last = g.Line
			if g.Instruction >= len(file.Instructions) || g.Instruction >= 0 && file.Instructions[g.Instruction].Line <= g.Line {
				t.Fatalf("%+v is not above its instruction", g)
			}
			if (g.Problem == "") != (len(g.Rules) > 0) {
				t.Fatalf("%+v", g)
			}
			for _, rule := range g.Rules {
				if !file.Ignored(rule, g.Instruction) || strings.ContainsAny(rule, " \t,") {
					t.Fatalf("%q of %+v is not ignored", rule, g)
				}
			}
		}
	})
}
