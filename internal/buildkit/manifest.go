package buildkit

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/moby/buildkit/solver/pb"

	"github.com/layercause/layercause/internal/buildcontext"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/operation"
	"github.com/layercause/layercause/internal/record"
)

// manifestOf lists what a local source gives, for the record.
func manifestOf(name string, s *buildcontext.Snapshot) record.Manifest {
	n := len(s.Entries)
	m := record.Manifest{
		Name: name, Paths: make([]string, n), Modes: make([]uint32, n), Sizes: make([]int64, n),
		Digests: make([]byte, 0, n*record.DigestSize), Data: make([]byte, 0, n*record.DataSize),
	}
	for i := range s.Entries {
		e := &s.Entries[i]
		m.Paths[i], m.Modes[i], m.Sizes[i] = e.Path, uint32(e.Mode), e.Size
		m.Digests = append(m.Digests, e.Digest[:record.DigestSize]...)
		m.Data = binary.LittleEndian.AppendUint64(m.Data, e.Data)
		if e.Link != "" {
			if m.Links == nil {
				m.Links = map[int]string{}
			}
			m.Links[i] = e.Link
		}
	}
	return m
}

// manifestDigest is equal for two snapshots that give the same.
func manifestDigest(s *buildcontext.Snapshot) string {
	sum := s.Sum()
	return hex.EncodeToString(sum[:])
}

func kindOf(v *operation.Vertex) record.OpKind {
	switch v.Op.Op.(type) {
	case *pb.Op_Exec:
		return record.OpExec
	case *pb.Op_File:
		return record.OpFile
	case *pb.Op_Source:
		return record.OpSource
	case *pb.Op_Merge:
		return record.OpMerge
	case *pb.Op_Diff:
		return record.OpDiff
	}
	return record.OpOther
}

// dockerfileOf is the file for the record, with credentials in URLs struck out.
func dockerfileOf(f *dockerfile.File, path string, data []byte) record.Dockerfile {
	out := record.Dockerfile{Path: path, Text: record.RedactURLs(string(data))}
	if f == nil {
		return out
	}
	for _, s := range f.Stages {
		out.Stages = append(out.Stages, record.Stage{Name: s.Name, Base: record.RedactURLs(s.Base), Parent: s.Parent, From: s.From})
	}
	for _, in := range f.Instructions {
		out.Instructions = append(out.Instructions, record.Instruction{
			Stage: in.Stage, Command: in.Command, Text: record.RedactURLs(in.Text),
			Line: in.Line, EndLine: in.EndLine, Names: in.Names, Trigger: in.Brought,
		})
	}
	return out
}
