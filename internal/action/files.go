package action

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// outputLimit is what the runner takes of one output, in bytes.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idoutputs
const outputLimit = 1 << 20

// Outputs are the step's outputs. An empty text is not written, so that the
// output reads as empty in the workflow.
type Outputs struct {
	Digest   string // the image's digest, sha256:...
	ImageID  string
	Metadata string // JSON
	Report   string // path of the report's folder
	// Measured says that the three numbers below are known.
	Measured     bool
	HitRate      float64 // 0 to 1, written with up to 4 decimals
	SavedSeconds float64 // written with up to 3 decimals
	LostSeconds  float64
}

type output struct{ name, value string }

func (o Outputs) list() []output {
	list := []output{
		{"digest", o.Digest},
		{"imageid", o.ImageID},
		{"metadata", o.Metadata},
		{"report", o.Report},
	}
	if o.Measured {
		list = append(list,
			output{"hit-rate", decimal(o.HitRate, 4)},
			output{"saved-seconds", decimal(o.SavedSeconds, 3)},
			output{"lost-seconds", decimal(o.LostSeconds, 3)},
		)
	}
	return list
}

func decimal(v float64, digits int) string {
	s := strconv.FormatFloat(v, 'f', digits, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

// WriteOutputs appends the outputs to the file that GITHUB_OUTPUT names, and
// does nothing when it names none. The delimiter that ends a value is drawn
// from random (nil means crypto/rand), and a value that holds it is refused:
// with a known one, as in go-githubactions, a value could end itself and set
// other outputs. An output that cannot be written is named in the error, the
// others are written all the same.
func WriteOutputs(getenv func(string) string, random io.Reader, o Outputs) error {
	path := getenv("GITHUB_OUTPUT")
	if path == "" {
		return nil
	}
	if random == nil {
		random = rand.Reader
	}
	var (
		text strings.Builder
		errs []error
	)
	for _, out := range o.list() {
		if out.value == "" {
			continue
		}
		entry, err := heredoc(random, out)
		if err != nil {
			errs = append(errs, fmt.Errorf("writing output %s: %w", out.name, err))
			continue
		}
		text.WriteString(entry)
	}
	if err := appendFile(path, text.String()); err != nil {
		errs = append(errs, fmt.Errorf("writing outputs: %w", err))
	}
	return errors.Join(errs...)
}

func heredoc(random io.Reader, out output) (string, error) {
	if len(out.value) > outputLimit {
		return "", fmt.Errorf("it has %d bytes, and GitHub takes %d", len(out.value), outputLimit)
	}
	t, err := token(random)
	if err != nil {
		return "", err
	}
	delimiter := "layercause_" + t
	if strings.Contains(out.value, delimiter) {
		return "", errors.New("it holds the random delimiter that would end it")
	}
	return out.name + "<<" + delimiter + "\n" + out.value + "\n" + delimiter + "\n", nil
}

// appendFile writes everything in one call: the runner reads these files after
// the step, and half an entry makes it reject the whole file.
func appendFile(path, text string) error {
	if text == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
