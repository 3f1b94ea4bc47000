package replay_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
)

// built is a record of a Dockerfile, build arguments and files: "path=digest".
func built(text string, args map[string]string, ignore []string, files ...string) *record.Record {
	r := &record.Record{SaltID: "salt", Dockerfile: record.Dockerfile{Path: "Dockerfile", Text: text}}
	r.Invocation = record.Invocation{Context: ".", Dockerfile: "Dockerfile"}
	for name, digest := range args {
		r.Invocation.BuildArgs = append(r.Invocation.BuildArgs, record.Value{Name: name, Digest: digest})
	}
	m := record.Manifest{Name: "context", Ignore: ignore, Links: map[int]string{}}
	if ignore != nil {
		m.IgnorePath = ".dockerignore"
	}
	for i, f := range files {
		p, digest, _ := strings.Cut(f, "=")
		mode := uint32(0o644)
		if to, ok := strings.CutPrefix(digest, "->"); ok {
			mode, m.Links[i] = uint32(fs.ModeSymlink|0o777), to
		}
		if digest == "" {
			mode = uint32(fs.ModeDir | 0o755)
		}
		m.Paths, m.Modes, m.Sizes = append(m.Paths, p), append(m.Modes, mode), append(m.Sizes, 1)
		m.Digests = append(m.Digests, fmt.Sprintf("%*.*s", record.DigestSize, record.DigestSize, digest)...)
	}
	r.Manifests = []record.Manifest{m, {Name: "other", Paths: []string{"x"}, Modes: []uint32{0o644}, Digests: make([]byte, record.DigestSize)}}
	return r
}

func fromRecords(t *testing.T, records ...*record.Record) *replay.History {
	t.Helper()
	h, err := replay.FromRecords(records...)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestRecords(t *testing.T) {
	const text = "FROM example.com/base\nARG COMMIT\nCOPY src src\nRUN make\nARG MODE\nCOPY . .\nRUN test\n"
	args := func(commit, mode string) map[string]string {
		return map[string]string{"COMMIT": commit, "MODE": mode}
	}
	files := []string{"Dockerfile=1", "src=", "src/a=1", "x=1"}
	edited := []string{"Dockerfile=1", "src=", "src/a=2", "src/l=->a", "x=1"}
	ignore := []string{"y"}
	h := fromRecords(t,
		built(text, args("c1", "m1"), ignore, files...),
		built(text, args("c1", "m1"), ignore, edited...),
		built(text, args("c2", "m1"), ignore, edited...),
		built(text, args("c2", "m2"), ignore, edited...),
		built(text, args("c1", "m1"), ignore, edited...),
		built(text, map[string]string{"COMMIT": "c1"}, ignore, edited...),
	)
	want := []string{
		"3!(src/a,src/l) 4 6!(src/a,src/l) 7",
		"4![COMMIT] 6 7![COMMIT]",
		"7![MODE]",
		"",
		"7![MODE]",
	}
	check(t, h, replay.Recipe{}, want...)
	check(t, h, replay.Recipe{Args: map[string]string{"COMMIT": "secret"}}, want...)
	check(t, h, replay.Recipe{Memory: replay.LastBuild}, want[0], want[1], want[2], "4![COMMIT] 6 7![COMMIT,MODE]", want[4])
	lower := strings.Replace(strings.Replace(text, "ARG COMMIT\n", "", 1), "ARG MODE", "ARG COMMIT\nARG MODE", 1)
	check(t, h, replay.Recipe{Edits: map[string]replay.Edit{
		"Dockerfile":    {Before: []byte(text), After: []byte(lower)},
		".dockerignore": {Before: []byte("y"), After: []byte("y\nsrc/l\n")},
	}}, "2!(src/a) 3 6!(src/a) 7", "7![COMMIT]", "7![MODE]", "", "7![MODE]")
}

func TestRecordsThatCannotBeCompared(t *testing.T) {
	if _, err := replay.FromRecords(); err == nil {
		t.Error("no records are replayed")
	}
	a, b := built(short, nil, nil, "src=", "src/a=1"), built(short, nil, nil, "src=", "src/a=2")
	check(t, fromRecords(t, a, b), replay.Recipe{}, "2!(src/a) 3")
	check(t, fromRecords(t, b), replay.Recipe{})
	b.SaltID = "other"
	if _, err := replay.FromRecords(a, b); err == nil {
		t.Error("records of two salts are compared")
	}
}
