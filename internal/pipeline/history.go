package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/history"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
)

// HistoryOptions are the flags of the history command.
type HistoryOptions struct {
	History string // folder
	// File, Target and Platforms choose among what was built; empty is all.
	File      string
	Target    string
	Platforms []string
	Limit     int    // builds listed of each
	Format    string // text, json or markdown
	// CostPerMinute is a price such as 0.008EUR; empty is none.
	CostPerMinute string
}

// DefaultLimit is how many builds are listed.
const DefaultLimit = 20

// History lists the builds of a history and what they lost the most to.
func History(ctx context.Context, env Env, o HistoryOptions) error {
	if err := listHistory(ctx, env, o); err != nil {
		return classify(err)
	}
	return nil
}

func listHistory(ctx context.Context, env Env, o HistoryOptions) error {
	write := report.HistoryText
	switch o.Format {
	case "", "text":
	case "json":
		write = report.HistoryJSON
	case "markdown":
		write = report.HistoryMarkdown
	default:
		return usage("use text, json or markdown", "--format %q is unknown", o.Format)
	}
	if o.Limit < 1 {
		return usage("give how many builds to list, 1 or more", "--limit %d lists nothing", o.Limit)
	}
	price, err := parsePrice(o.CostPerMinute)
	if err != nil {
		return err
	}
	store, err := existingHistory(env, o.History)
	if err != nil {
		return err
	}
	keys, warnings, err := store.Keys(ctx)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return usage("run layercause build first, or name the folder that it was given as --history",
			"there is no build in the history %q%s", store.Dir(), because(warnings))
	}
	chosen := slices.DeleteFunc(slices.Clone(keys), func(k history.Key) bool { return !o.wants(k) })
	if len(chosen) == 0 {
		return usage("there are builds of "+named(keys), "no build in the history %q has this --file, --target and --platform", store.Dir())
	}
	var groups [][]*record.Record
	for _, k := range chosen {
		past, more, err := store.Past(ctx, k, history.Keep)
		if err != nil {
			return err
		}
		warnings = append(warnings, more...)
		groups = append(groups, past)
	}
	return write(env.Stdout, report.NewHistory(groups, o.Limit, price, warnings))
}

// existingHistory opens the history without making one.
func existingHistory(env Env, dir string) (*history.Store, error) {
	const hint = "name the folder that layercause build was given as --history"
	if dir == "" {
		if dir = defaultHistory(env); dir == "" {
			return nil, usage(hint, "there is no cache folder for the history")
		}
	}
	if err := readable(dir); err != nil {
		return nil, err
	}
	switch fi, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, usage(hint, "there is no history at %q", dir)
	case err != nil:
		return nil, usage(hint, "opening the history: %w", err)
	case !fi.IsDir():
		return nil, usage(hint, "%q is no folder", dir)
	}
	return history.Open(dir)
}

// readable refuses a history that can be read only by a build.
func readable(where string) error {
	if where == inActionsCache || strings.Contains(where, "://") {
		return usage("name a folder", "--history %q: the builds of a folder alone can be read", record.RedactURLs(where))
	}
	return nil
}

// defaultHistory is where records are kept if nobody says; empty if there is no
// cache folder.
func defaultHistory(env Env) string {
	if env.CacheDir == "" {
		return ""
	}
	return filepath.Join(env.CacheDir, "layercause", "history")
}

func (o HistoryOptions) wants(k history.Key) bool {
	var platforms []string
	for _, list := range o.Platforms {
		for p := range strings.SplitSeq(list, ",") {
			platforms = append(platforms, strings.TrimSpace(p))
		}
	}
	slices.Sort(platforms)
	return (o.File == "" || path.Clean(filepath.ToSlash(o.File)) == path.Clean(k.Dockerfile)) &&
		(o.Target == "" || o.Target == k.Target) &&
		(len(platforms) == 0 || slices.Equal(slices.Compact(platforms), k.Platforms))
}

// named lists what there is, for a hint.
func named(keys []history.Key) string {
	var names []string
	for i, k := range keys {
		if i == 5 {
			names = append(names, fmt.Sprintf("%d more", len(keys)-i))
			break
		}
		name := fmt.Sprintf("--file %q", k.Dockerfile)
		if k.Target != "" {
			name += fmt.Sprintf(" --target %q", k.Target)
		}
		if len(k.Platforms) > 0 {
			name += fmt.Sprintf(" --platform %q", strings.Join(k.Platforms, ","))
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// because says what kept records from being read.
func because(warnings []string) string {
	if len(warnings) == 0 {
		return ""
	}
	return ": " + warnings[0]
}
