package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// windowSize bounds what a reader has to hold to decompress a record. Records
// repeat themselves over short distances, so that a larger window gains nothing.
const windowSize = 1 << 20

// Encode returns a record as zstd-compressed JSON. It refuses a record that
// [Read] would refuse.
//
// JSON holds Unicode text only: a path that is not valid UTF-8 is read back
// with U+FFFD in place of the bytes that are not.
func Encode(r *Record) ([]byte, error) {
	if err := r.validate(true); err != nil {
		return nil, fmt.Errorf("checking the record to write: %w", err)
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return nil, fmt.Errorf("writing record: %w", err)
	}
	return Compress(text.Bytes())
}

// Compress makes a record's file of its JSON, which it does not look at.
func Compress(text []byte) ([]byte, error) {
	// A window no larger than the text: the compressor allocates as much.
	window := zstd.MinWindowSize
	for window < windowSize && window < len(text) {
		window *= 2
	}
	// One goroutine: a record is small and the build next to it wants the cores.
	z, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1),
		zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(window))
	if err != nil {
		return nil, fmt.Errorf("starting compression: %w", err)
	}
	defer z.Close()
	return z.EncodeAll(text, make([]byte, 0, len(text)/2)), nil
}

// Write writes what [Encode] returns. It writes nothing if there is an error.
func Write(w io.Writer, r *Record) error {
	data, err := Encode(r)
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("writing record: %w", err)
	}
	return nil
}
