package action

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Hidden is a text that no format verb prints. Convert it to a string where the
// text itself is needed.
type Hidden string

// Format writes three asterisks for every verb.
func (Hidden) Format(s fmt.State, _ rune) { fmt.Fprint(s, "***") }

// MarshalText keeps the text out of JSON too.
func (Hidden) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Secret is one secret of the build. Exactly one of Value, Env and File is set.
type Secret struct {
	ID    string
	Value Hidden // from the input secrets
	Env   string // from secret-envs: the variable that holds it
	File  string // from secret-files: the file that holds it, by its name here
}

// secrets reads the three inputs that name secrets. As in docker/build-push-action
// a secret without a value, or from a file that is not there, is left out with a
// warning: a pull request of a fork is given none, and its build may do without.
// The text is never repeated: it may be the secret. Of several with one ID the
// last counts, as there: one from a file, then one with a value.
func (r *reader) secrets() []Secret {
	var all []Secret
	read := func(input string, list []string, set func(*Secret, string)) {
		for i, kv := range list {
			id, value, ok := cutNonEmpty(kv)
			switch {
			case !ok && id != "" && strings.Contains(kv, "="):
				r.warn(input, fmt.Sprintf("the secret %s is empty and is left out", shorten(singleLine(id))))
				continue
			case !ok:
				r.warn(input, fmt.Sprintf("entry %d of %d is not KEY=VALUE and is left out; put quotes around a pair whose value spans lines", i+1, len(list)))
				continue
			}
			s := Secret{ID: id}
			set(&s, value)
			if s.File != "" {
				if _, err := os.Stat(s.File); err != nil {
					r.warn(input, fmt.Sprintf("the file of the secret %s cannot be read, and the secret is left out", shorten(singleLine(id))))
					continue
				}
			}
			if n := slices.IndexFunc(all, func(o Secret) bool { return o.ID == id }); n >= 0 {
				r.warn(input, fmt.Sprintf("the secret %s is given more than once; the one here counts", shorten(singleLine(id))))
				all = slices.Delete(all, n, n+1)
			}
			all = append(all, s)
		}
	}
	read("secret-envs", r.words("secret-envs"), func(s *Secret, v string) { s.Env = v })
	read("secrets", r.lines("secrets"), func(s *Secret, v string) { s.Value = Hidden(v) })
	folders := ReadFolders(r.getenv)
	read("secret-files", r.lines("secret-files"), func(s *Secret, v string) { s.File = folders.Container(v) })
	return all
}
