package replay

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// logFormat makes git's log begin each commit with a token of its own.
const logFormat = "--format=tformat:commit %H %ct"

// logged is a commit of git's log, and the paths that it changed.
type logged struct {
	Commit
	changes []rawChange
}

// rawChange is one path of a raw diff, see git-diff's "raw output format".
type rawChange struct {
	path          string
	before, after object
}

// object is what a path of a tree is.
type object struct {
	mode uint32 // 0 is nothing
	id   string
}

// The modes of objects in a tree.
const (
	modeFile       = 0o100644
	modeExecutable = 0o100755
	modeLink       = 0o120000
	modeModule     = 0o160000
)

// parseLog reads a log with logFormat, --raw, -z and --no-abbrev. Paths hold any
// byte but NUL, and are told from the rest by where they stand.
func parseLog(data []byte) ([]logged, error) {
	var out []logged
	for len(data) > 0 {
		var token []byte
		token, data = cutToken(data)
		token = bytes.TrimPrefix(token, []byte("\n"))
		switch {
		case len(token) == 0:
		case bytes.HasPrefix(token, []byte("commit ")):
			c, err := parseCommit(string(token))
			if err != nil {
				return nil, err
			}
			out = append(out, logged{Commit: c})
		case token[0] == ':' && len(out) > 0 && len(data) > 0:
			c, err := parseChange(string(token))
			if err != nil {
				return nil, err
			}
			var p []byte
			p, data = cutToken(data)
			c.path = string(p)
			last := &out[len(out)-1]
			last.changes = append(last.changes, c)
		default:
			return nil, fmt.Errorf("reading git's log: %.60q is neither a commit nor a change", token)
		}
	}
	return out, nil
}

// cutToken takes the bytes up to a NUL.
func cutToken(data []byte) (token, rest []byte) {
	token, rest, _ = bytes.Cut(data, []byte{0})
	return token, rest
}

func parseCommit(line string) (Commit, error) {
	words := strings.Split(line, " ")
	if len(words) != 3 || !isID(words[1]) {
		return Commit{}, fmt.Errorf("reading git's log: %.60q is no commit", line)
	}
	c := Commit{SHA: words[1]}
	if words[2] == "" {
		return c, nil // git finds none in a damaged commit
	}
	seconds, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil {
		return Commit{}, fmt.Errorf("reading git's log: %.60q is no time", words[2])
	}
	c.Time = time.Unix(seconds, 0).UTC()
	return c, nil
}

func parseChange(line string) (rawChange, error) {
	words := strings.Split(line[1:], " ")
	if len(words) != 5 {
		return rawChange{}, fmt.Errorf("reading git's log: %.60q is no change", line)
	}
	var c rawChange
	var err error
	if c.before, err = parseObject(words[0], words[2]); err != nil {
		return c, err
	}
	c.after, err = parseObject(words[1], words[3])
	return c, err
}

func parseObject(mode, id string) (object, error) {
	m, err := strconv.ParseUint(mode, 8, 32)
	if err != nil || !isID(id) {
		return object{}, fmt.Errorf("reading git's objects: %.20q %.80q is none", mode, id)
	}
	if m == 0 {
		return object{}, nil
	}
	return object{uint32(m), id}, nil
}

// isID says that a name is a full one of an object, in SHA-1 or SHA-256.
func isID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// parseTree reads what ls-tree -r -z prints.
func parseTree(data []byte) (map[string]object, error) {
	out := make(map[string]object, bytes.Count(data, []byte{0}))
	for len(data) > 0 {
		var token []byte
		token, data = cutToken(data)
		head, p, ok := strings.Cut(string(token), "\t")
		words := strings.Split(head, " ")
		if !ok || len(words) != 3 {
			return nil, errors.New("reading git's tree: a line is no entry")
		}
		o, err := parseObject(words[0], words[2])
		if err != nil {
			return nil, err
		}
		out[p] = o
	}
	return out, nil
}
