package action

import (
	"strings"
	"testing"
)

func TestMatrix(t *testing.T) {
	tests := map[string]string{
		"":     "",
		"null": "",
		"{}":   "",
		"{\n  \"os\": \"alpine\",\n  \"node\": 20\n}":   "node: 20, os: alpine",
		`{"a":{"c":[1, 2],"b":null},"d":true,"e":null}`: `a: {"c":[1,2],"b":null}, d: true, e: null`,
	}
	for given, want := range tests {
		in, err := ReadInputs(func(name string) string { return map[string]string{"INPUT_MATRIX": given}[name] })
		if err != nil || in.Matrix != want {
			t.Errorf("%q: got %q, %v, want %q", given, in.Matrix, err, want)
		}
	}
	for _, given := range []string{"20", "[1]", `"x"`, "{", "node: 20"} {
		_, err := ReadInputs(func(name string) string { return map[string]string{"INPUT_MATRIX": given}[name] })
		if err == nil || !strings.HasPrefix(err.Error(), "input matrix: ") {
			t.Errorf("%q: got %v", given, err)
		}
	}
}

func TestLongMatricesAreToldApart(t *testing.T) {
	read := func(end string) string {
		in, err := ReadInputs(func(name string) string {
			return map[string]string{"INPUT_MATRIX": `{"x":"` + strings.Repeat("ä", 400) + end + `"}`}[name]
		})
		if err != nil {
			t.Fatal(err)
		}
		return in.Matrix
	}
	one, two := read("1"), read("2")
	if one == two || len(one) > matrixLimit+20 || !strings.HasPrefix(one, "x: ää") {
		t.Errorf("got %q and %q", one, two)
	}
}
