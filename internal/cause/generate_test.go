package cause_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// generate makes a record of several stages as a build would leave it: the keys
// follow from the parts, the files and the inputs.
func generate(rnd *rand.Rand, stages, perStage, files int) *record.Record {
	r := &record.Record{
		Schema: record.Schema, ID: "r1", SaltID: "salt", Status: record.Succeeded,
		Dockerfile: record.Dockerfile{Path: "Dockerfile"},
		Manifests:  []record.Manifest{manifest(rnd, files)},
	}
	d := &r.Dockerfile
	add := func(stage int, command, text string, names ...string) int {
		line := len(d.Instructions) + 1
		d.Instructions = append(d.Instructions, record.Instruction{
			Stage: stage, Command: command, Text: command + " " + text, Line: line, EndLine: line, Names: names,
		})
		return len(d.Instructions) - 1
	}
	local := len(r.Vertices)
	r.Vertices = append(r.Vertices, record.Vertex{
		Kind: record.OpSource, Instruction: -1, Platform: "linux/amd64", Status: record.Miss,
		Source: &record.Source{Kind: record.SourceLocal, Ref: "context", RefDigest: "context"},
	})
	ends := make([]int, stages) // the last vertex of each stage
	for s := range stages {
		from := add(s, "FROM", fmt.Sprintf("image%d AS stage%d", s, s))
		d.Stages = append(d.Stages, record.Stage{Name: fmt.Sprintf("stage%d", s), Base: "image", Parent: -1, From: from})
		last := len(r.Vertices)
		r.Vertices = append(r.Vertices, record.Vertex{
			Kind: record.OpSource, Instruction: from, Platform: "linux/amd64", Status: record.Hit,
			Source: &record.Source{Kind: record.SourceImage, Ref: fmt.Sprint("image", s), RefDigest: fmt.Sprint("ref", s), Digest: fmt.Sprint("sha256:", s)},
		})
		env := []record.Part{}
		for n := range perStage {
			v := record.Vertex{Platform: "linux/amd64", Kind: record.OpExec, Inputs: []record.Input{{Vertex: last}}}
			switch kind := rnd.IntN(10); {
			case kind == 0 && len(env) < 40:
				name := fmt.Sprintf("V%d", n)
				add(s, "ARG", name, name)
				env = append(env, record.Part{Name: "env:" + name, Digest: fmt.Sprint("value", n)})
				continue
			case kind == 1 && len(env) < 40:
				name := fmt.Sprintf("E%d", n)
				add(s, "ENV", name+"=x", name)
				env = append(env, record.Part{Name: "env:" + name, Digest: fmt.Sprint("env", n)})
				continue
			case kind == 2:
				v.Instruction = add(s, "WORKDIR", fmt.Sprintf("/work%d", n))
				v.Kind = record.OpFile
				v.Parts = []record.Part{{Name: "action:0:path", Digest: fmt.Sprint("path", n)}}
			case kind > 2 && kind < 6 && files > 0:
				v.Instruction = add(s, "COPY", fmt.Sprintf("folder%d /folder%d", n, n))
				v.Kind = record.OpFile
				v.Parts = []record.Part{{Name: "action:0:path", Digest: fmt.Sprint("to", n)}, {Name: "select:1", Digest: fmt.Sprint("select", n)}}
				v.Inputs = append(v.Inputs, record.Input{Vertex: local, ByContent: true})
				start := rnd.IntN(files)
				end := min(files, start+1+rnd.IntN(1+files/10))
				v.Takes = []record.Take{{Input: 1, Paths: []string{"folder"}, Files: [][2]int{{start, end}}}}
			case kind == 6 && s > 0:
				from := rnd.IntN(s)
				v.Instruction = add(s, "COPY", fmt.Sprintf("--from=stage%d /out /out%d", from, n))
				v.Kind = record.OpFile
				v.Parts = []record.Part{{Name: "action:0:path", Digest: fmt.Sprint("to", n)}, {Name: "select:1", Digest: "out"}}
				v.Inputs = append(v.Inputs, record.Input{Vertex: ends[from], ByContent: true})
			default:
				v.Instruction = add(s, "RUN", fmt.Sprintf("command %d of stage %d", n, s))
				v.Parts = append([]record.Part{{Name: "args", Digest: fmt.Sprint("args", s, n)}}, env...)
				v.Parts = append(v.Parts, record.Part{Name: "cwd", Digest: "/"}, record.Part{Name: "user", Digest: ""})
			}
			id := fmt.Sprintf("s%d", len(r.Steps)+1)
			v.Step = id
			v.Status = []record.StepStatus{record.Hit, record.Miss, record.Miss, record.NotRun}[rnd.IntN(4)]
			last = len(r.Vertices)
			r.Vertices = append(r.Vertices, v)
			r.Steps = append(r.Steps, record.Step{
				ID: id, Instruction: v.Instruction, Stage: d.Stages[s].Name, Platform: v.Platform, Status: v.Status, Vertices: []int{last},
			})
		}
		ends[s] = last
	}
	rekey(r)
	return r
}

func manifest(rnd *rand.Rand, files int) record.Manifest {
	m := record.Manifest{Name: "context", Digests: make([]byte, files*record.DigestSize), Data: make([]byte, files*record.DataSize)}
	for i := range files {
		m.Paths = append(m.Paths, fmt.Sprintf("folder%04d/file%06d.txt", i/100, i))
		m.Modes = append(m.Modes, 0o644)
		m.Sizes = append(m.Sizes, int64(i))
		setFile(&m, i, rnd.Uint64())
	}
	return m
}

// addFile appends a file.
func addFile(m *record.Manifest, path string, content uint64) {
	m.Paths = append(m.Paths, path)
	m.Modes = append(m.Modes, 0o644)
	m.Sizes = append(m.Sizes, int64(content))
	m.Digests = append(m.Digests, make([]byte, record.DigestSize)...)
	m.Data = append(m.Data, make([]byte, record.DataSize)...)
	setFile(m, len(m.Paths)-1, content)
}

// setFile gives a file other content.
func setFile(m *record.Manifest, i int, content uint64) {
	binary.LittleEndian.PutUint64(m.Digests[i*record.DigestSize:], content)
	binary.LittleEndian.PutUint64(m.Data[i*record.DataSize:], content)
}

// rekey computes what follows from the parts, the files and the inputs.
func rekey(r *record.Record) {
	for i := range r.Vertices {
		v := &r.Vertices[i]
		if v.Source != nil {
			v.Key = "source " + v.Source.Digest
			continue
		}
		v.Parts = slices.DeleteFunc(v.Parts, func(p record.Part) bool { return p.Name == "op" })
		var own strings.Builder
		for _, p := range v.Parts {
			if !strings.HasPrefix(p.Name, "select:") {
				fmt.Fprintf(&own, "%s=%s;", p.Name, p.Digest)
			}
		}
		v.Parts = append(v.Parts, record.Part{Name: "op", Digest: hash(own.String())})
		key := fmt.Sprint(v.Parts)
		for n := range v.Takes {
			t := &v.Takes[n]
			m := &r.Manifests[t.Manifest]
			h := ""
			for _, f := range t.Files {
				h = hash(h + m.Paths[f[0]] + string(m.Digests[f[0]*record.DigestSize:f[1]*record.DigestSize]))
			}
			t.Digest = h
			key += h
		}
		for n, in := range v.Inputs {
			if !slices.ContainsFunc(v.Takes, func(t record.Take) bool { return t.Input == n }) {
				key += r.Vertices[in.Vertex].Key
			}
		}
		v.Key = hash(key)
	}
	for i := range r.Steps {
		r.Steps[i].Key = r.Vertices[r.Steps[i].Vertices[0]].Key
	}
}
