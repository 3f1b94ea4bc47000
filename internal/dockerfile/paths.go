package dockerfile

import (
	"strings"

	csvvalue "github.com/tonistiigi/go-csvvalue"
)

// Paths gives the sources and the destination of a COPY or ADD, as written.
// Heredocs among the sources are left out. It reports false for any other
// instruction and for one without a destination.
func (in Instruction) Paths() (sources []string, dest string, ok bool) {
	if in.Command != "COPY" && in.Command != "ADD" || len(in.Args) < 2 {
		return nil, "", false
	}
	for _, s := range in.Args[:len(in.Args)-1] {
		if len(in.Heredocs) > 0 && strings.HasPrefix(s, "<<") {
			continue
		}
		sources = append(sources, s)
	}
	return sources, in.Args[len(in.Args)-1], true
}

// Mount is one --mount flag of a RUN.
type Mount struct {
	Type   string // bind if not said
	From   string // a stage or an image; empty is the build context
	Source string
	Target string
}

// Mounts gives the --mount flags of a RUN in order. A flag that cannot be read
// gives a mount with an empty Type.
func (in Instruction) Mounts() []Mount {
	var mounts []Mount
	for _, flag := range in.Flags {
		if flag.Name != "mount" {
			continue
		}
		fields, err := csvvalue.Fields(flag.Value, nil)
		if err != nil {
			mounts = append(mounts, Mount{})
			continue
		}
		m := Mount{Type: "bind"}
		for _, field := range fields {
			key, value, _ := strings.Cut(field, "=")
			switch strings.ToLower(key) {
			case "type":
				m.Type = strings.ToLower(value)
			case "from":
				m.From = value
			case "source", "src":
				m.Source = value
			case "target", "dst", "destination":
				m.Target = value
			}
		}
		mounts = append(mounts, m)
	}
	return mounts
}
