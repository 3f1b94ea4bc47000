package replay

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	gofs "io/fs"
	"path"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// FromRecords makes a history of builds, the oldest first. What a build did not ask
// the client for is not known of it; so a file that only an edited Dockerfile would
// take is as if it were not there.
//
// Records hold no values of build arguments. Those of a [Recipe] are the newest
// build's; an older one had the same value if its keyed digest is equal, and else
// another one.
func FromRecords(records ...*record.Record) (*History, error) {
	if len(records) == 0 {
		return nil, errors.New("replaying: there are no records")
	}
	newest := records[len(records)-1]
	var commits []Commit
	var states []state
	trees := make([]map[string]content, len(records))
	for i, r := range records {
		if r.SaltID != newest.SaltID {
			return nil, fmt.Errorf("replaying: record %s has another salt than %s, and cannot be compared with it", r.ID, newest.ID)
		}
		commits = append(commits, Commit{SHA: r.Commit.SHA, Time: r.StartedAt})
		trees[i] = treeOf(r)
		states = append(states, stateOf(r, newest))
	}
	changes := make([][]change, len(records))
	for i := 1; i < len(records); i++ {
		changes[i] = difference(trees[i-1], trees[i])
	}
	h := newHistory(commits, newTree(trees[0], changes), states)
	if len(newest.Invocation.NamedContexts) > 0 {
		h.Notes = append(h.Notes, Note{"named contexts are taken to have stayed what they were", ""})
	}
	return h, nil
}

// difference lists what turns one tree into another.
func difference(before, after map[string]content) []change {
	var out []change
	for p, c := range after {
		if before[p] != c {
			out = append(out, change{p, c})
		}
	}
	for p := range before {
		if _, there := after[p]; !there {
			out = append(out, change{p, content{}})
		}
	}
	return out
}

// treeOf is what a build's context had, as far as the client listed it.
func treeOf(r *record.Record) map[string]content {
	out := map[string]content{}
	for _, m := range r.Manifests {
		if m.Name != contextName {
			continue
		}
		for i, p := range m.Paths {
			switch mode := gofs.FileMode(m.Modes[i]); {
			case mode == gofs.ModeDir|0o755:
				out[p] = plain
			case mode.IsDir():
				out[p] = content{folder, mode.String()}
			case mode&gofs.ModeSymlink != 0:
				out[p] = content{link, m.Links[i]}
			default:
				out[p] = content{file, string(m.Digests[i*record.DigestSize : (i+1)*record.DigestSize])}
			}
		}
	}
	return out
}

// stateOf is what said how a build was made.
func stateOf(r, newest *record.Record) state {
	s := state{
		file: named{r.Dockerfile.Path, []byte(r.Dockerfile.Text)},
		own:  named{path: ignoredBy(r.Dockerfile.Path)},
		root: named{path: path.Join(r.Invocation.Context, ".dockerignore")},
		args: map[string]*string{},
	}
	for _, m := range r.Manifests {
		if m.Name != contextName || m.IgnorePath == "" {
			continue
		}
		data := []byte(strings.Join(m.Ignore, "\n"))
		if path.Base(m.IgnorePath) == path.Base(s.own.path) {
			s.own.data = data
		} else {
			s.root.data = data
		}
	}
	digests := map[string]string{}
	for _, v := range newest.Invocation.BuildArgs {
		digests[v.Name] = v.Digest
		s.args[v.Name] = nil // unless it is given below
	}
	s.given = map[string]string{}
	for _, v := range r.Invocation.BuildArgs {
		value := stand(v.Digest)
		if v.Digest == digests[v.Name] {
			delete(s.args, v.Name)
			s.given[v.Name] = value
			continue
		}
		s.args[v.Name] = &value
	}
	return s
}

// stand makes a value that stands for one of which only the digest is known: a
// number, which fits nearly everywhere.
func stand(digest string) string {
	sum := sha256.Sum256([]byte(digest))
	return fmt.Sprint(1_000_000_000 + binary.BigEndian.Uint32(sum[:4])%1_000_000_000)
}
