package record

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// windowSize bounds what a reader has to hold to decompress a record. Records
// repeat themselves over short distances, so that a larger window gains nothing.
const windowSize = 1 << 20

// Write writes a record as zstd-compressed JSON. It refuses a record that
// [Read] would refuse, and then writes nothing.
//
// JSON holds Unicode text only: a path that is not valid UTF-8 is read back
// with U+FFFD in place of the bytes that are not.
func Write(w io.Writer, r *Record) error {
	if err := r.validate(true); err != nil {
		return fmt.Errorf("checking the record to write: %w", err)
	}
	// One goroutine: a record is small and the build next to it wants the cores.
	z, err := zstd.NewWriter(w,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(windowSize))
	if err != nil {
		return fmt.Errorf("starting compression: %w", err)
	}
	enc := json.NewEncoder(z)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		// The frame is left unfinished on purpose: a reader then sees that the
		// record was cut off.
		return fmt.Errorf("writing record: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("writing record: %w", err)
	}
	return nil
}
