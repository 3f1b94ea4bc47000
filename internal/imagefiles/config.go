package imagefiles

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// ofConfig are the fields that say how a container runs. When it was made, how, and
// of which layers says nothing of that.
var (
	ofConfig = []string{
		"Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "Labels", "OnBuild", "Shell", "StopSignal",
		"User", "Volumes", "WorkingDir",
	}
	ofPlatform = []string{"architecture", "os", "variant"}
)

// configPath is what the path of a configuration's field starts with.
const configPath = "config."

func isConfig(path string) bool { return strings.HasPrefix(path, configPath) }

func compareConfigs(before, after []byte) ([]Difference, error) {
	x, err := readConfig(before)
	if err != nil {
		return nil, err
	}
	y, err := readConfig(after)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(x)
	maps.Copy(all, y)
	var out []Difference
	for _, name := range slices.Sorted(maps.Keys(all)) {
		d := Difference{Path: configPath + name, Change: Content}
		_, was := x[name]
		_, is := y[name]
		switch {
		case !was:
			d.Change = Added
		case !is:
			d.Change = Removed
		case reflect.DeepEqual(x[name], y[name]):
			continue
		}
		out = append(out, d)
	}
	return out, nil
}

// readConfig gives the fields that are not empty; those with entries, such as the
// environment, entry by entry.
func readConfig(text []byte) (map[string]any, error) {
	out := map[string]any{}
	if len(text) == 0 {
		return out, nil // an image of nothing
	}
	var top map[string]any
	if err := json.Unmarshal(text, &top); err != nil {
		return nil, fmt.Errorf("reading an image's configuration: %w", err)
	}
	for _, name := range ofPlatform {
		put(out, name, top[name])
	}
	config, _ := top["config"].(map[string]any)
	for _, name := range ofConfig {
		switch value := config[name].(type) {
		case map[string]any:
			if name == "Healthcheck" {
				put(out, name, value)
				continue
			}
			for key, entry := range value { // there is a port, or a volume, whatever its value
				out[name+"."+key] = entry
			}
		case []any:
			if name != "Env" {
				put(out, name, value)
				continue
			}
			for _, entry := range value {
				variable, text, _ := strings.Cut(fmt.Sprint(entry), "=")
				out[name+"."+variable] = text
			}
		default:
			put(out, name, value)
		}
	}
	return out, nil
}

// put sets a field unless it is empty: that is the same as none.
func put(out map[string]any, name string, value any) {
	switch v := value.(type) {
	case nil:
	case string:
		if v != "" {
			out[name] = v
		}
	case []any:
		if len(v) > 0 {
			out[name] = v
		}
	case map[string]any:
		if len(v) > 0 {
			out[name] = v
		}
	default:
		out[name] = v
	}
}
