package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"
)

func written(t testing.TB, r *Record) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func compressed(t testing.TB, r io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(z, r); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	want := sample(12)
	data := written(t, want)
	got, err := Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("the record read is not the one written (-want +got):\n%s", d)
	}
	if !bytes.Equal(data, written(t, want)) {
		t.Error("the same record gives different bytes")
	}
}

func TestReadStepsStopsBehindTheSteps(t *testing.T) {
	want := sample(12)
	data := written(t, want)
	// Whatever follows the steps is not needed: cut the JSON off in a vertex.
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	cut := text[:bytes.LastIndex(text, []byte(`"vertices":[{`))+40]
	want.Vertices, want.Warnings, want.Manifests = nil, nil, nil
	for name, in := range map[string][]byte{"whole": data, "cut off": compressed(t, bytes.NewReader(cut))} {
		got, err := ReadSteps(bytes.NewReader(in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestReadRefusesWhatDoesNotHangTogether(t *testing.T) {
	cases := map[string]func(*Record){
		"schema of another version":   func(r *Record) { r.Schema = "layercause.record/v2" },
		"id with a path":              func(r *Record) { r.ID = "../../x" },
		"no id":                       func(r *Record) { r.ID = "" },
		"unknown status":              func(r *Record) { r.Status = "perhaps" },
		"negative time":               func(r *Record) { r.Seconds = -1 },
		"stage that is its parent":    func(r *Record) { r.Dockerfile.Stages[0].Parent = 0 },
		"stage without FROM":          func(r *Record) { r.Dockerfile.Stages[0].From = 99 },
		"instruction without stage":   func(r *Record) { r.Dockerfile.Instructions[1].Stage = 7 },
		"syntax line out of range":    func(r *Record) { r.Dockerfile.Syntax = &Frontend{Line: -1} },
		"lines the wrong way":         func(r *Record) { r.Dockerfile.Instructions[1].EndLine = 0 },
		"step taken twice":            func(r *Record) { r.Steps[1].ID = "s1" },
		"step without instruction":    func(r *Record) { r.Steps[0].Instruction = -1 },
		"step without vertex":         func(r *Record) { r.Steps[0].Vertices = []int{99} },
		"step of unknown status":      func(r *Record) { r.Steps[0].Status = "x" },
		"step that took less than no": func(r *Record) { r.Steps[0].Seconds = -2 },
		"vertex that is its input":    func(r *Record) { r.Vertices[1].Inputs[0].Vertex = 1 },
		"input behind the vertex":     func(r *Record) { r.Vertices[1].Inputs[0].Vertex = 3 },
		"negative input":              func(r *Record) { r.Vertices[1].Inputs[0].Vertex = -1 },
		"vertex of no step":           func(r *Record) { r.Vertices[1].Step = "s99" },
		"vertex of no instruction":    func(r *Record) { r.Vertices[1].Instruction = 99 },
		"interval the wrong way":      func(r *Record) { r.Vertices[1].Intervals[0].End = -1 },
		"take of no manifest":         func(r *Record) { r.Vertices[1].Takes[0].Manifest = 1 },
		"take from no input":          func(r *Record) { r.Vertices[1].Takes[0].Input = 1 },
		"range past the manifest":     func(r *Record) { r.Vertices[1].Takes[0].Files[0][1] = 99 },
		"range the wrong way":         func(r *Record) { r.Vertices[1].Takes[0].Files[0] = [2]int{2, 1} },
		"digests too short":           func(r *Record) { r.Manifests[0].Digests = r.Manifests[0].Digests[1:] },
		"data hashes too long":        func(r *Record) { r.Manifests[0].Data = append(r.Manifests[0].Data, 0) },
		"modes missing":               func(r *Record) { r.Manifests[0].Modes = nil },
		"sizes missing":               func(r *Record) { r.Manifests[0].Sizes = nil },
		"link of no entry":            func(r *Record) { r.Manifests[0].Links[99] = "x" },
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			r := sample(4)
			damage(r)
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Read(bytes.NewReader(compressed(t, bytes.NewReader(text)))); err == nil {
				t.Error("it was read")
			}
			var b bytes.Buffer
			if err := Write(&b, r); err == nil || b.Len() > 0 {
				t.Errorf("it was written: %d bytes, error %v", b.Len(), err)
			}
		})
	}
}

func TestWriteRefusesWhatJSONCannotHold(t *testing.T) {
	r := sample(1)
	r.Steps[0].Seconds = math.NaN()
	if err := Write(io.Discard, r); err == nil {
		t.Error("a step of NaN seconds was written")
	}
}

func TestReadErrors(t *testing.T) {
	whole := written(t, sample(4))
	cases := map[string]struct {
		in   []byte
		want error
		text string
	}{
		"another program's JSON": {compressed(t, strings.NewReader(`{"schema":"foreign/v9","id":7}`)), ErrSchema, `"foreign/v9"`},
		"no object":              {compressed(t, strings.NewReader(`[]`)), ErrSchema, ""},
		"empty":                  {nil, nil, "reading record"},
		"not compressed":         {[]byte(`{"schema":"layercause.record/v1"}`), ErrSchema, ""},
		"a few letters":          {[]byte("hi"), nil, "cut off or no record"},
		"cut off":                {whole[:len(whole)-7], nil, "cut off or no record"},
		"something behind it":    {append(append([]byte(nil), whole...), compressed(t, strings.NewReader("{}"))...), nil, "follows"},
		"deep": {compressed(t, strings.NewReader(`{"schema":"layercause.record/v1","new":`+
			strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+"}")), ErrTooLarge, "levels"},
		"many steps": {compressed(t, strings.NewReader(`{"schema":"layercause.record/v1","steps":[`+
			strings.Repeat("{},", maxObjects)+"{}]}")), ErrTooLarge, "objects"},
		"many numbers": {compressed(t, strings.NewReader(`{"schema":"layercause.record/v1","x":[`+
			strings.Repeat("1,", maxValues)+"1]}")), ErrTooLarge, "values"},
		"long string": {compressed(t, io.MultiReader(strings.NewReader(`{"schema":"layercause.record/v1","id":"`),
			io.LimitReader(letters{}, maxString+2), strings.NewReader(`"}`))), ErrTooLarge, "string"},
		"spaces": {compressed(t, strings.NewReader(`{"schema":"layercause.record/v1"`+
			strings.Repeat(" ", maxSpace+1)+"}")), ErrTooLarge, "spaces"},
		"bomb": {compressed(t, io.MultiReader(strings.NewReader(`{"schema":"layercause.record/v1","x":`),
			io.LimitReader(digits{}, maxDecompressed))), ErrTooLarge, "size"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Read(bytes.NewReader(c.in))
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("error %v, want one with %q", err, c.text)
			}
			if c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error %v is not %v", err, c.want)
			}
		})
	}
	t.Run("compressed size", func(t *testing.T) {
		// Skippable frames of zstd have no content at all.
		frame := append([]byte{0x50, 0x2a, 0x4d, 0x18, 0, 0, 16, 0}, make([]byte, 1<<20)...)
		_, err := Read(bytes.NewReader(bytes.Repeat(frame, 65)))
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("error %v is not %v", err, ErrTooLarge)
		}
	})
}

type letters struct{}

func (letters) Read(p []byte) (int, error) { return fill(p, 'a'), nil }

type digits struct{}

func (digits) Read(p []byte) (int, error) { return fill(p, '1'), nil }

func fill(p []byte, c byte) int {
	for i := range p {
		p[i] = c
	}
	return len(p)
}

// FuzzRead states that no input makes Read panic, and that what it accepts can
// be written and read again without loss, by ReadSteps too.
func FuzzRead(f *testing.F) {
	text, err := json.Marshal(sample(2))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"schema":"layercause.record/v1","id":"1","status":"failed"}`))
	f.Add([]byte(`{"steps":[{}],"schema":"layercause.record/v1"}`))
	f.Add([]byte(`{"schema":"layercause.record/v1","steps":null,"manifests":[{"links":{"-1":"x"}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Read(bytes.NewReader(compressed(t, bytes.NewReader(text))))
		if err != nil {
			return
		}
		data := written(t, r)
		again, err := Read(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("reading what was written: %v", err)
		}
		if d := cmp.Diff(r, again, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("lost on the way (-before +after):\n%s", d)
		}
		steps, err := ReadSteps(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("reading the steps: %v", err)
		}
		if d := cmp.Diff(r.Steps, steps.Steps, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("other steps (-whole +steps):\n%s", d)
		}
	})
}

// FuzzReadBytes states that no bytes at all make Read or ReadSteps panic.
func FuzzReadBytes(f *testing.F) {
	f.Add(written(f, sample(2)))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd})
	f.Fuzz(func(t *testing.T, data []byte) {
		whole, err := Read(bytes.NewReader(data))
		steps, stepsErr := ReadSteps(bytes.NewReader(data))
		if err == nil && stepsErr != nil {
			t.Fatalf("a record of %d steps was read, its steps alone were not: %v", len(whole.Steps), stepsErr)
		}
		if stepsErr == nil && steps.Manifests != nil {
			t.Fatal("the steps came with manifests")
		}
	})
}

func BenchmarkReadSteps(b *testing.B) {
	data := written(b, sample(12))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := ReadSteps(bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWrite100kFiles(b *testing.B) {
	r := sample(12)
	r.Manifests = sample(100_000).Manifests
	for b.Loop() {
		if err := Write(io.Discard, r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead100kFiles(b *testing.B) {
	r := sample(12)
	r.Manifests = sample(100_000).Manifests
	data := written(b, r)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Read(bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
}
