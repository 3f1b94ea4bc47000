package replay

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// print writes a log as git does.
func printLog(log []logged) []byte {
	var b bytes.Buffer
	id := func(o object) string {
		if o.mode == 0 {
			return strings.Repeat("0", 40)
		}
		return o.id
	}
	for _, c := range log {
		seconds := ""
		if !c.Time.IsZero() {
			seconds = fmt.Sprint(c.Time.Unix())
		}
		fmt.Fprintf(&b, "commit %s %s\x00", c.SHA, seconds)
		for i, x := range c.changes {
			if i == 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, ":%06o %06o %s %s M\x00%s\x00", x.before.mode, x.after.mode, id(x.before), id(x.after), x.path)
		}
	}
	return b.Bytes()
}

// FuzzParseLog states that a log which was read, written and read again is the same,
// and that a path never passes for another token.
func FuzzParseLog(f *testing.F) {
	sha := strings.Repeat("ab", 20)
	f.Add([]byte("commit " + sha + " 1700000000\x00\n:100644 100755 " + sha + " " + sha + " M\x00a\nb\x00:000000 120000 " + sha + " " + sha + " A\x00commit x\x00"))
	f.Add([]byte("commit " + sha + sha[:24] + " -5\x00commit " + sha + " 0\x00\x00"))
	f.Add([]byte(":100644"))
	f.Fuzz(func(t *testing.T, data []byte) {
		log, err := parseLog(data)
		if err != nil {
			return
		}
		again, err := parseLog(printLog(log))
		if err != nil || len(again) != len(log) {
			t.Fatalf("%d commits become %d: %v", len(log), len(again), err)
		}
		for i := range log {
			if log[i].Commit != again[i].Commit || !slices.Equal(log[i].changes, again[i].changes) {
				t.Errorf("%+v becomes %+v", log[i], again[i])
			}
		}
	})
}

// FuzzCarry states what an edit that is carried to another version leaves: the edited
// file where nothing else changed, the version where the edit changes nothing, and
// only lines that one of the two has.
func FuzzCarry(f *testing.F) {
	f.Add("FROM a\nRUN b\nRUN c\n", "FROM a\nRUN c\nRUN b\n", "# x\nFROM a\nRUN b\nRUN c\n")
	f.Add("a\r\nb", "a\r\n", "b")
	f.Add("", "x\n", "y\n")
	f.Fuzz(func(t *testing.T, before, after, version string) {
		e := Edit{[]byte(before), []byte(after)}
		if got, ok := e.carry([]byte(before)); !ok || string(got) != after {
			t.Errorf("carried to what it was made on, the edit makes %q of %q, want %q", got, before, after)
		}
		if got, ok := (Edit{[]byte(before), []byte(before)}).carry([]byte(version)); !ok || strings.TrimSuffix(string(got), "\n") != strings.TrimSuffix(version, "\n") {
			t.Errorf("an edit of nothing makes %q of %q", got, version)
		}
		got, ok := e.carry([]byte(version))
		if !ok {
			return
		}
		has := map[string]bool{}
		for _, text := range []string{after, version} {
			for line := range strings.Lines(text) {
				has[strings.TrimRight(line, "\n")] = true
			}
		}
		for line := range strings.Lines(string(got)) {
			if line = strings.TrimRight(line, "\n"); !has[line] {
				t.Errorf("%q is a line of neither %q nor %q", line, after, version)
			}
		}
	})
}
