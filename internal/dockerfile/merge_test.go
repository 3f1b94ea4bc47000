package dockerfile

import (
	"bytes"
	"testing"
)

func TestMerge(t *testing.T) {
	const base = "FROM a\nCOPY . .\nRUN b\nRUN c\n"
	for name, c := range map[string]struct{ a, b, want string }{
		"one side":         {"FROM a\nRUN b\nCOPY . .\nRUN c\n", base, "FROM a\nRUN b\nCOPY . .\nRUN c\n"},
		"other side":       {base, "FROM x\nCOPY . .\nRUN b\nRUN c\n", "FROM x\nCOPY . .\nRUN b\nRUN c\n"},
		"both":             {"FROM a\nCOPY . .\nRUN b\nRUN z\n", "FROM x\nCOPY . .\nRUN b\nRUN c\n", "FROM x\nCOPY . .\nRUN b\nRUN z\n"},
		"the same":         {"FROM x\nCOPY . .\nRUN b\nRUN c\n", "FROM x\nCOPY . .\nRUN b\nRUN c\n", "FROM x\nCOPY . .\nRUN b\nRUN c\n"},
		"the same line":    {"FROM x\nCOPY . .\nRUN b\nRUN c\n", "FROM y\nCOPY . .\nRUN b\nRUN c\n", ""},
		"the same place":   {"FROM a\nENV x=1\nCOPY . .\nRUN b\nRUN c\n", "FROM a\nENV y=1\nCOPY . .\nRUN b\nRUN c\n", ""},
		"lines that touch": {"FROM a\nRUN b\nRUN c\n", "FROM a\nCOPY . .\nRUN x\nRUN c\n", "FROM a\nRUN x\nRUN c\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := Merge([]byte(base), []byte(c.a), []byte(c.b))
			if ok != (c.want != "") || string(got) != c.want {
				t.Errorf("got %q, %v, want %q", got, ok, c.want)
			}
		})
	}
}

// What one side did not change is the other's; the sides can change places; and
// what is merged has every line that both have.
func FuzzMerge(f *testing.F) {
	f.Add("FROM a\nRUN b\n", "FROM a\nENV x=1\nRUN b\n", "FROM c\nRUN b\n")
	f.Fuzz(func(t *testing.T, base, a, b string) {
		if got, ok := Merge([]byte(base), []byte(a), []byte(base)); !ok || string(got) != a {
			t.Errorf("only a changed: %q, %v", got, ok)
		}
		if got, ok := Merge([]byte(base), []byte(base), []byte(b)); !ok || string(got) != b {
			t.Errorf("only b changed: %q, %v", got, ok)
		}
		if got, ok := Merge([]byte(base), []byte(a), []byte(a)); !ok || string(got) != a {
			t.Errorf("both did the same: %q, %v", got, ok)
		}
		x, xok := Merge([]byte(base), []byte(a), []byte(b))
		y, yok := Merge([]byte(base), []byte(b), []byte(a))
		if xok != yok || !bytes.Equal(x, y) {
			t.Errorf("a and b give %q, %v; b and a %q, %v", x, xok, y, yok)
		}
	})
}
