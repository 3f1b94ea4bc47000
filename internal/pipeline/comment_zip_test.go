package pipeline_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/github/githubtest"
	"github.com/layercause/layercause/internal/pipeline"
)

func TestZipFilesAreNotTrusted(t *testing.T) {
	good := encoded(t, legRecord("zipped"))
	type entry struct {
		name string
		data []byte
		mode fs.FileMode
	}
	pack := func(entries ...entry) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, e := range entries {
			h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
			h.SetMode(0o644 | e.mode)
			w, err := z.CreateHeader(h)
			if err == nil {
				_, err = w.Write(e.data)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	var many []entry
	for i := range 10_001 {
		many = append(many, entry{name: fmt.Sprint(i)})
	}
	lying := pack(entry{name: "record.json.zst", data: good})
	// The size before compression, in the list of files.
	at := bytes.Index(lying, []byte("PK\x01\x02"))
	copy(lying[at+24:], []byte{1, 0, 0, 0})
	for name, c := range map[string]struct {
		data    []byte
		problem string // empty: it is good
	}{
		"good":                  {pack(entry{name: "comment.md", data: []byte("x")}, entry{name: "record.json.zst", data: good}), ""},
		"beside hostile names":  {pack(entry{name: "../../etc/passwd"}, entry{name: "/etc/passwd"}, entry{name: "record.json.zst", data: good}), ""},
		"a path upwards":        {pack(entry{name: "../record.json.zst", data: good}), "there is no record.json.zst in it"},
		"an absolute path":      {pack(entry{name: "/record.json.zst", data: good}), "there is no record.json.zst in it"},
		"a folder's":            {pack(entry{name: "x/record.json.zst", data: good}), "there is no record.json.zst in it"},
		"a backslash":           {pack(entry{name: `..\record.json.zst`, data: good}), "there is no record.json.zst in it"},
		"a link":                {pack(entry{"record.json.zst", []byte("/etc/passwd"), fs.ModeSymlink}), "is no file of at most"},
		"twice":                 {pack(entry{name: "record.json.zst", data: good}, entry{name: "record.json.zst", data: good}), "it holds record.json.zst twice"},
		"a bomb":                {pack(entry{name: "record.json.zst", data: make([]byte, 64<<20+1)}), "is no file of at most"},
		"a bomb within a bound": {pack(entry{name: "record.json.zst", data: bomb(t)}), "exceeds a limit"},
		"a size that is a lie":  {lying, "cannot be used: "},
		"too many files":        {pack(many...), "its list of files is too long"},
		"cut off":               {lying[:len(lying)-30], "it is no zip file"},
		"empty":                 {nil, "it is no zip file"},
		"only an end":           {append([]byte("PK\x05\x06"), make([]byte, 18)...), "there is no record.json.zst in it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublisher(t, githubtest.Options{})
			code, log := p.run(p.file("a.zip", c.data))
			if c.problem == "" {
				if code != pipeline.ExitBuilt || !strings.Contains(p.body(), "exit code 1 of zipped") {
					t.Errorf("exit code %d:\n%s\n%s", code, log, p.body())
				}
				return
			}
			if code != pipeline.ExitFailed || !strings.Contains(log, c.problem) || p.body() != "" {
				t.Errorf("exit code %d, want a log with %q:\n%s", code, c.problem, log)
			}
			if _, err := os.Stat(filepath.Join(p.dir, "..", "record.json.zst")); err == nil {
				t.Error("a file was written")
			}
		})
	}
}
