package pipeline

import (
	"fmt"
	"strings"

	"github.com/layercause/layercause/internal/action"
)

// inContainer changes the paths of the runner's machine that inputs hold to what
// this container calls them, and warns of folders whose files no later step sees.
func inContainer(o *BuildOptions, folders action.Folders, log *action.Log) {
	for input, list := range map[string][]string{
		"build-contexts": o.BuildContexts, "cache-from": o.CacheFrom, "cache-to": o.CacheTo, "outputs": o.Outputs, "ssh": o.SSH,
	} {
		for i, entry := range list {
			list[i] = folders.Container(entry)
			if dir := localDest(list[i]); (input == "cache-to" || input == "outputs") && folders.Lost(dir) {
				log.Warning(fmt.Sprintf("input %s: %s is a folder of the action's own container, and gone after this step. "+
					"Use one in the workspace or below ${{ runner.temp }}", input, dir))
			}
		}
	}
}

// localDest is the folder or file that an entry of cache-to or outputs writes to on
// this side.
func localDest(entry string) string {
	if !strings.Contains(entry, "=") {
		return entry // outputs: FOLDER
	}
	for part := range strings.SplitSeq(entry, ",") {
		if dest, ok := strings.CutPrefix(part, "dest="); ok {
			return dest
		}
	}
	return ""
}
