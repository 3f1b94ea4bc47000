package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// JSON writes report.json: the report, indented, with a final newline.
func JSON(w io.Writer, r Report) error {
	if err := encode(w, r); err != nil {
		return fmt.Errorf("writing report.json: %w", err)
	}
	return nil
}

// encode writes indented JSON. The older form of a command to GitHub's runner works
// anywhere in a line of a log, where a document may be printed, so its beginning is
// written otherwise: it means the same.
func encode(w io.Writer, value any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	// Nobody pastes this into HTML, and people do read the && of a RUN.
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return err
	}
	_, err := w.Write(bytes.ReplaceAll(b.Bytes(), []byte("##["), []byte(`#\u0023[`)))
	return err
}
