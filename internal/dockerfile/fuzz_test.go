package dockerfile_test

import (
	"bytes"
	"testing"

	"github.com/layercause/layercause/internal/dockerfile"
)

func seeds(f *testing.F) {
	for _, s := range []string{
		"FROM a\nRUN b\n",
		"# syntax=docker/dockerfile:1\n# escape=`\nARG X=1\nFROM a:${X} AS b\r\nRUN c `\r\n # d\r\n\r\n  e\r\nCMD [\"f\"]",
		"FROM a\nRUN <<A <<-\"B\"\n$x\nA\n\ty\n\tB\nCOPY --from=a <<E b /c\nz\nE\n",
		"\xef\xbb\xbfFROM a\nONBUILD RUN b\nENV A=1 B=\"$A\"\nENV C d e\nLABEL x=y\nHEALTHCHECK --interval=1s CMD b\n",
		"\\\nFROM a \\\n# only\n\nRUN \\\n\n",
		"FROM a\nRUN ${!x} `env` \x00\xff\n\x85#x\nUSER a",
	} {
		f.Add([]byte(s))
	}
}

// Parse never panics; the ranges are in order, disjoint and inside the file; and
// what stands between them is blank or a comment, so nothing of the file is lost.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := dockerfile.Parse("f", data)
		if err != nil {
			return
		}
		var joined []byte
		at := 0
		for i, in := range file.Instructions {
			if in.Block.Start < at || in.Bytes.Start < in.Block.Start || in.Bytes.End <= in.Bytes.Start || in.Bytes.End > len(data) || in.Block.End != in.Bytes.End {
				t.Fatalf("instruction %d has the bytes %v and the block %v after %d", i, in.Bytes, in.Block, at)
			}
			for line := range bytes.Lines(bytes.TrimPrefix(data[at:in.Bytes.Start], []byte("\xef\xbb\xbf"))) {
				if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
					t.Fatalf("%q stands in no instruction", line)
				}
			}
			joined = append(joined, data[at:in.Bytes.Start]...)
			joined = append(joined, data[in.Bytes.Start:in.Bytes.End]...)
			at = in.Bytes.End
			for line := in.Line; line <= in.EndLine; line++ {
				if got := file.InstructionAt(line); got != i {
					t.Fatalf("line %d is in instruction %d, not %d", line, got, i)
				}
			}
			in.Reads("X")
			in.Paths()
			in.Mounts()
			in.Script()
		}
		if joined = append(joined, data[at:]...); !bytes.Equal(joined, data) {
			t.Fatalf("ranges and gaps give %q, not %q", joined, data)
		}
		for i, s := range file.Stages {
			if s.Parent >= i || s.From >= len(file.Instructions) || file.Instructions[s.From].Command != "FROM" {
				t.Fatalf("stage %d is %+v", i, s)
			}
		}
	})
}
