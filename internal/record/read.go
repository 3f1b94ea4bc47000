package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Limits on what is read. Records come from caches and artifacts that others
// can write; these bounds keep a hostile one from taking the machine's memory,
// and lie far above what a build of a million files makes.
const (
	maxCompressed   = 64 << 20
	maxDecompressed = 256 << 20
	maxWindow       = 8 << 20
)

// ErrSchema says that a document is not a record of the format that this
// program reads.
var ErrSchema = errors.New("not a record of schema " + Schema)

// ErrTooLarge says that a document exceeds one of the limits on size, depth,
// counts and lengths.
var ErrTooLarge = errors.New("record exceeds a limit")

// Read reads a record and checks that it hangs together: indexes are in range,
// inputs stand before the vertices that use them, so that there are no cycles,
// and parallel slices have equal lengths. What it returns can be used without
// further checks. It takes untrusted input.
//
// The error is [ErrSchema] for a document of another format or version, and
// [ErrTooLarge] for one that exceeds a limit.
func Read(r io.Reader) (*Record, error) {
	return read(r, false)
}

// ReadSteps reads a record up to and with its steps: Vertices, Warnings and
// Manifests stay empty, and a fault behind the steps is not seen. It costs
// a small part of what [Read] does, whatever the size of the build context.
func ReadSteps(r io.Reader) (*Record, error) {
	return read(r, true)
}

func read(r io.Reader, stepsOnly bool) (*Record, error) {
	file := &capped{r: r, left: maxCompressed, what: "compressed size"}
	z, err := zstd.NewReader(file,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow),
		zstd.WithDecoderMaxMemory(maxDecompressed))
	if err != nil {
		return nil, fmt.Errorf("reading record: %w", err)
	}
	defer z.Close()

	var rec Record
	guarded := newGuard(&capped{r: z, left: maxDecompressed, what: "size"})
	if err := rec.decode(json.NewDecoder(guarded), stepsOnly); err != nil {
		// The limit is what counts, not what the decoders above made of it.
		if guarded.err != nil {
			err = guarded.err
		}
		if file.err != nil {
			err = file.err
		}
		switch {
		case errors.Is(err, zstd.ErrMagicMismatch):
			err = ErrSchema
		case errors.Is(err, io.ErrUnexpectedEOF):
			err = fmt.Errorf("the file is cut off or no record: %w", err)
		}
		return nil, fmt.Errorf("reading record: %w", err)
	}
	if err := rec.validate(!stepsOnly); err != nil {
		return nil, fmt.Errorf("checking record: %w", err)
	}
	return &rec, nil
}

// decode reads the fields one by one, to learn of another schema before it
// reads the rest and to stop where the steps end.
func (r *Record) decode(d *json.Decoder, stepsOnly bool) error {
	if t, err := d.Token(); err != nil {
		return fmt.Errorf("the document is cut off or no JSON: %w", err)
	} else if t != json.Delim('{') {
		return ErrSchema
	}
	fields := map[string]any{
		"schema": &r.Schema, "id": &r.ID, "saltId": &r.SaltID,
		"startedAt": &r.StartedAt, "seconds": &r.Seconds,
		"status": &r.Status, "failure": &r.Failure,
		"invocation": &r.Invocation, "commit": &r.Commit, "job": &r.Job, "builder": &r.Builder,
		"dockerfile": &r.Dockerfile, "steps": &r.Steps, "vertices": &r.Vertices,
		"caches": &r.Caches, "findings": &r.Findings, "checks": &r.Checks,
		"phases": &r.Phases, "load": &r.Load, "warnings": &r.Warnings, "manifests": &r.Manifests,
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name := t.(string) // the decoder gives only strings for names
		if stepsOnly && name != "steps" && r.Steps != nil {
			return nil
		}
		field, known := fields[name]
		if !known {
			// A later version's field, or a name that stood before: the first counts.
			field = new(json.RawMessage)
		}
		delete(fields, name)
		if err := d.Decode(field); err != nil {
			return fmt.Errorf("field %q: %w", clip(name), err)
		}
		if name == "schema" && r.Schema != Schema {
			return fmt.Errorf("%w: it says %q", ErrSchema, clip(r.Schema))
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return fmt.Errorf("the document is cut off: %w", err)
	}
	if stepsOnly {
		return nil
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the record")
	}
	return nil
}

// clip shortens foreign text for a message.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
