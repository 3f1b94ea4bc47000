package pipeline

import (
	"maps"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// earlierArgs gives the build arguments with other values for those that had other
// ones in the build before. What these were is not kept, so they are made up: of a
// commit it is the commit of then, else a digit more or less. Unknown are the
// arguments whose values have none; other says that any value is another.
func earlierArgs(args map[string]string, head, base *record.Record) (out, unknown []string, other bool) {
	before := map[string]string{}
	for _, a := range base.Invocation.BuildArgs {
		before[a.Name] = a.Digest
	}
	changed := map[string]bool{}
	for _, a := range head.Invocation.BuildArgs {
		changed[a.Name] = before[a.Name] != a.Digest
	}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		value := args[name]
		if changed[name] {
			earlier, ok := earlierValue(value, head.Commit.SHA, base.Commit.SHA)
			if !ok {
				unknown = append(unknown, name)
			}
			other = other || earlier != value
			value = earlier
		}
		out = append(out, name+"="+value)
	}
	return out, unknown, other
}

// earlierValue is one that could have been before. It reports false, with the value
// itself, if none can be made up.
func earlierValue(value, head, base string) (string, bool) {
	if len(value) >= 7 && strings.HasPrefix(head, value) && len(base) >= len(value) && base[:len(value)] != value {
		return base[:len(value)], true
	}
	i := strings.LastIndexAny(value, "0123456789")
	if i < 0 {
		return value, false
	}
	other := value[i] - 1
	if value[i] == '0' {
		other = '1'
	}
	return value[:i] + string(other) + value[i+1:], true
}
