package pipeline

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/layercause/layercause/internal/buildkit"
)

// writeAnswers writes what buildx tells of a build that succeeded: the files of
// --metadata-file and --iidfile, and with --progress quiet the image's ID. In a job
// standard output is the log.
func writeAnswers(env Env, o BuildOptions, res *buildkit.Result) error {
	if res.Err != nil {
		return nil
	}
	err := writeAnswer("metadata-file", o.MetadataFile, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(res.Metadata)
	})
	if err == nil {
		err = writeAnswer("iidfile", o.ImageIDFile, func(w io.Writer) error { _, err := io.WriteString(w, res.ImageID); return err })
	}
	if o.Progress == "quiet" && !env.inActions() && res.ImageID != "" {
		fmt.Fprintln(env.Stdout, res.ImageID)
	}
	return err
}

func writeAnswer(flag, path string, write func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	if err := writeFile(path, write); err != nil {
		return &Error{ExitFailed, fmt.Errorf("writing --%s: %w", flag, err), "the image was built; name a file in a folder that exists"}
	}
	return nil
}
