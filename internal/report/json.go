package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// JSON writes report.json: the report, indented, with a final newline.
func JSON(w io.Writer, r Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	// Nobody pastes this into HTML, and people do read the && of a RUN.
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("writing report.json: %w", err)
	}
	return nil
}
