package pipeline_test

import (
	"fmt"
	"strings"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// built completes what is known of a repository to what a build of it might have
// shown, so that the rules that rest on records have something to speak of: each
// step was executed and made a large layer, and every image and remote file is
// another one than in the build before.
func built(in *advice.Input) {
	head := in.Head
	f, err := dockerfile.Parse(head.Dockerfile.Path, []byte(head.Dockerfile.Text))
	if err != nil {
		return
	}
	in.Ledger.CauseLost = map[string]float64{}
	of := map[int][]string{} // the steps, by stage
	for i := range head.Steps {
		x := &head.Steps[i]
		at := f.Instructions[x.Instruction]
		x.Status, x.Seconds = record.Miss, 0.4
		if at.Command == "RUN" {
			x.Seconds = 12
		}
		in.Ledger.Lost += x.Seconds
		of[at.Stage] = append(of[at.Stage], x.ID)
		x.Vertices = []int{len(head.Vertices)}
		head.Vertices = append(head.Vertices, record.Vertex{
			Step: x.ID, Instruction: x.Instruction, Status: record.Miss,
			Layer: &record.Layer{Digest: digestOf(i), Bytes: 40 << 20},
		})
	}
	for i, at := range f.Instructions {
		s := sourceOf(f, at)
		if s == nil {
			continue
		}
		s.Digest = digestOf(i)
		c := cause.Cause{ID: fmt.Sprintf("c%d", i), Kind: cause.RemoteSource, File: head.Dockerfile.Path, Line: at.Line, Subject: s.Ref, Steps: of[at.Stage]}
		switch s.Kind {
		case record.SourceImage:
			c.Kind = cause.BaseImageMoved
		case record.SourceGit:
			s.Digest = s.Digest[len("sha256:"):][:40]
		}
		in.Causes = append(in.Causes, c)
		in.Ledger.CauseLost[c.ID] = 12
		head.Vertices = append(head.Vertices, record.Vertex{Instruction: i, Source: s, Bytes: 300 << 20, Status: record.Miss})
	}
}

// sourceOf is the image or remote file that an instruction names in plain words.
func sourceOf(f *dockerfile.File, in dockerfile.Instruction) *record.Source {
	switch {
	case in.Stage < 0 || strings.Contains(in.Text, "$") || len(in.Args) == 0:
		return nil
	case in.Command == "FROM" && f.Stages[in.Stage].Parent < 0 && in.Args[0] != "scratch":
		return &record.Source{Kind: record.SourceImage, Ref: in.Args[0]}
	case in.Command == "ADD" && strings.Contains(in.Args[0], ".git"):
		return &record.Source{Kind: record.SourceGit, Ref: in.Args[0]}
	case in.Command == "ADD" && strings.Contains(in.Args[0], "://"):
		return &record.Source{Kind: record.SourceHTTP, Ref: in.Args[0]}
	}
	return nil
}

func digestOf(n int) string { return fmt.Sprintf("sha256:%064x", n+1) }
