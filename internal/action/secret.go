package action

import "fmt"

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
	File  string // from secret-files: the file that holds it
}

// secrets reads the three inputs that name secrets. Unlike
// docker/build-push-action, which warns and builds without it, a malformed
// secret is an error, and its text is never repeated: it may be the secret.
func (r *reader) secrets() []Secret {
	var all []Secret
	read := func(input string, list []string, set func(*Secret, string)) {
		for i, kv := range list {
			id, value, ok := cutNonEmpty(kv)
			if !ok {
				r.fail(input, fmt.Sprintf("entry %d of %d is not KEY=VALUE", i+1, len(list)),
					"write one KEY=VALUE a line; put quotes around a pair whose value spans lines")
				return
			}
			s := Secret{ID: id}
			set(&s, value)
			all = append(all, s)
		}
	}
	read("secrets", r.lines("secrets"), func(s *Secret, v string) { s.Value = Hidden(v) })
	read("secret-envs", r.words("secret-envs"), func(s *Secret, v string) { s.Env = v })
	read("secret-files", r.lines("secret-files"), func(s *Secret, v string) { s.File = v })
	return all
}
